#include "http/dispatcher.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/system/system_error.hpp>

#include "http/failure.h"

namespace slipway::http {

namespace asio = boost::asio;

namespace {
// Counts a request for as long as it is answered, also where its coroutine unwinds.
class InFlight {
 public:
  explicit InFlight(int& count) : count_(count) { ++count_; }
  ~InFlight() { --count_; }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  int& count_;
};

std::string what(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& exception) {
    return exception.what();
  } catch (...) {
    return "not a std::exception";
  }
}

Response error_response(const Surface& surface, const Request& request, const base::Error& error) {
  return failed(request, error, surface.error(request, error));
}

base::Error overloaded() {
  auto error = base::unavailable("Too many requests are being served. Try again in a second.");
  error.kind = base::ErrorKind::throttled;
  error.retry_after = std::chrono::seconds(1);
  return error;
}

bool is_cancellation(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& error) {
    return error.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}
}  // namespace

asio::awaitable<Dispatcher::Outcome> Dispatcher::run(const std::vector<const Surface*>& surfaces, Request& request) {
  const auto owner =
      std::ranges::find_if(surfaces, [&](const Surface* surface) { return surface->owns(request.path); });
  if (owner == surfaces.end()) {
    co_return Outcome{json_response(404, boost::json::object{{"message", "Nothing is served at this path."}}), nullptr};
  }
  const Surface& surface = **owner;
  std::exception_ptr thrown;
  try {
    co_return Outcome{co_await answer(surface, request), &surface};
  } catch (...) {
    thrown = std::current_exception();
  }
  const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
  if (cancelled != asio::cancellation_type::none && is_cancellation(thrown)) std::rethrow_exception(thrown);
  auto error = base::internal("An unexpected error occurred; the log has it under the id of this request.");
  error.context.push_back("exception: " + what(thrown));
  co_return Outcome{error_response(surface, request, error), &surface};
}

asio::awaitable<Response> Dispatcher::answer(const Surface& surface, Request& request) {
  const auto match = surface.router().match(request);
  if (!match.route) co_return surface.no_route(request, match);
  if (match.route->always) co_return co_await through_middlewares(surface, *match.route, request);
  if (in_flight_ >= limit_) co_return error_response(surface, request, overloaded());
  const InFlight counted(in_flight_);
  co_return co_await through_middlewares(surface, *match.route, request);
}

asio::awaitable<Response> Dispatcher::through_middlewares(const Surface& surface, const Route& route,
                                                          Request& request) {
  std::optional<Response> response;
  std::size_t entered = 0;
  while (entered < middlewares_.size() && !response) {
    const auto passed = co_await middlewares_[entered++]->before(request, surface);
    if (!passed) response = error_response(surface, request, passed.error());
  }
  if (!response) response = co_await route.handler(request);
  while (entered > 0) middlewares_[--entered]->after(request, surface, *response);
  co_return std::move(*response);
}

}  // namespace slipway::http
