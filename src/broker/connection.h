#pragma once
// What a client needs to use an environment: found anew at each request, never stored and never logged, since it may
// hold secrets.

#include <boost/json/object.hpp>
#include <string>

#include "base/ids.h"

namespace slipway::broker {

struct ClientConnection {
  boost::json::object values;  // by key: outputs of the connect document, in its order
  std::string instruction;     // for people; placeholders #{...} are the client's to fill
};

// {"values": {...}, "instruction": "..."}
boost::json::object to_json(const ClientConnection& connection);

// Where the broker serves what an environment's endpoint serves: "/slipway/connect/ENVIRONMENT", without a last slash.
std::string connect_path(const base::EnvironmentId& id);

}  // namespace slipway::broker
