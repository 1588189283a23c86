#pragma once
// What a client needs to use an environment: found anew at each request, never stored and never logged, since it may
// hold secrets. And where the broker serves what an environment's endpoint serves.

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

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
// The parameter in the query of the first request there: its ticket (broker/tickets.h).
inline constexpr std::string_view kTicketParameter = "slipway-ticket";

}  // namespace slipway::broker
