#pragma once
// A request and an answer as handlers see them: no Beast, no socket.

#include <any>
#include <boost/json/value.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "http/streaming.h"

namespace slipway::net {
class TaskGroup;
}

namespace slipway::http {

using Headers = std::vector<std::pair<std::string, std::string>>;  // as received, in order; names keep their case

// Who calls, as authentication found it. Folders above http give it meaning.
struct Caller {
  std::string id;    // access key id, user name; empty: nobody
  std::string name;  // how it stands in the audit record, such as arn:...
  bool administrator = false;
  bool types = false;  // may change environment types; an administrator may
};

struct Request {
  std::string method;  // upper case
  std::string target;  // the request target exactly as received: signatures are computed over it
  std::string path;    // percent-decoded segments joined by '/', without query; %2F stays encoded
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  Headers headers;
  std::string body;
  std::string remote;          // "127.0.0.1:40000"
  std::string request_id;      // ours, new for each request
  std::string correlation_id;  // the caller's, else empty
  base::Time received_at;

  // Filled on the way.
  std::map<std::string, std::string, std::less<>> path_parameters;  // by the router
  std::string operation;                                            // operationId, by the router
  Caller caller;                                                    // by authentication
  BodyReader* incoming = nullptr;          // where the surface streams this path: the body, which `body` then is not
  net::TaskGroup* beside = nullptr;        // there too: what may go on reading it beside the answer, see streaming.h
  std::optional<boost::json::value> json;  // by whoever parsed the body first

  // First header of that name (any case), or null.
  const std::string* header(std::string_view name) const;
  // Last value of a query parameter, or null.
  const std::string* query_value(std::string_view name) const;
};

struct Response {
  int status = 200;
  Headers headers{};
  std::string body{};
  std::string content_type = "application/json";
  // At most one of them, instead of `body`. A tunnel goes with status 101 and the headers Connection and Upgrade.
  StreamBody stream{};
  Tunnel tunnel{};
};

// {"message": ...} and such.
Response json_response(int status, const boost::json::value& body);

}  // namespace slipway::http
