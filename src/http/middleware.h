#pragma once
// A stage between router and handler. The server runs them in the order of one list (server/broker_process.cc), each
// deciding to answer by itself or to go on.

#include <optional>
#include <string_view>

#include "http/message.h"
#include "http/surface.h"
#include "net/task.h"

namespace slipway::http {

class Middleware {
 public:
  virtual ~Middleware() = default;
  virtual std::string_view name() const = 0;
  // Before the handler: an Error ends the request (the surface words it). Runs on the I/O thread.
  virtual net::Task<void> before(Request& request, const Surface& surface) = 0;
  // After the answer is known, in reverse order; for logs, metrics, audit.
  virtual void after(const Request& request, const Surface& surface, Response& response) = 0;
};

}  // namespace slipway::http
