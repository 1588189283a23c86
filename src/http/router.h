#pragma once
// Method and path template to handler. Templates: "/v3/clusters/{clusterName}"; a parameter is one segment.

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "net/task.h"

namespace slipway::http {

using Handler = std::function<boost::asio::awaitable<Response>(Request& request)>;

struct Route {
  std::string method;
  std::string path;       // template
  std::string operation;  // operationId; unique within a surface
  Handler handler;
  bool always = false;  // answered however many requests are in flight: what ends something
};

class Router {
 public:
  void add(Route route);
  // One handler for every request, whatever its method and path: of a surface that hands requests on. Then no others.
  void serve_all(std::string operation, Handler handler);
  struct Match {
    const Route* route = nullptr;  // null: no such path, or no such method on it
    bool path_known = false;       // some method serves this path
    std::vector<std::string> allowed_methods;
  };
  // Fills request.path_parameters and request.operation on a match. HEAD matches where GET does.
  Match match(Request& request) const;

 private:
  std::map<std::ptrdiff_t, std::vector<Route>> routes_;  // by the number of slashes in the path
  std::optional<Route> all_;
};

}  // namespace slipway::http
