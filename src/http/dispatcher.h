#pragma once
// From a whole request to its answer: surface, router, middleware list, handler. No socket; used by the session.

#include <vector>

#include "http/middleware.h"
#include "http/surface.h"

namespace slipway::http {

class Dispatcher {
 public:
  // See Server and Limits::requests_in_flight.
  Dispatcher(std::vector<Middleware*> middlewares, int requests_in_flight)
      : middlewares_(std::move(middlewares)), limit_(requests_in_flight) {}

  struct Outcome {
    Response response;
    const Surface* surface = nullptr;  // null where no surface owns the path
  };
  // Always has an answer: exceptions become the surface's internal error, and are logged. Only a cancellation of this
  // coroutine unwinds. `request` and `surfaces` stay in place until it returns.
  boost::asio::awaitable<Outcome> run(const std::vector<const Surface*>& surfaces, Request& request);

  int in_flight() const { return in_flight_; }

 private:
  boost::asio::awaitable<Response> answer(const Surface& surface, Request& request);
  boost::asio::awaitable<Response> through_middlewares(const Surface& surface, const Route& route, Request& request);

  std::vector<Middleware*> middlewares_;
  int limit_;
  int in_flight_ = 0;
};

}  // namespace slipway::http
