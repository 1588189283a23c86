#include "http/probes.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace slipway::http {

namespace json = boost::json;

namespace {
Response message(int status, std::string_view text) {
  return json_response(status, json::object{{"message", text}});
}
}  // namespace

Probes::Probes(observe::Metrics& metrics, std::function<base::Result<void>()> health) {
  router_.add({"GET", "/health", "Health", [health = std::move(health)](Request&) -> boost::asio::awaitable<Response> {
                 const auto healthy = health();
                 if (!healthy) co_return message(503, healthy.error().message);
                 co_return json_response(200, json::object{{"status", "ok"}});
               }});
  router_.add({"GET", "/metrics", "Metrics", [&metrics](Request&) -> boost::asio::awaitable<Response> {
                 co_return Response{.status = 200,
                                    .headers = {},
                                    .body = metrics.print(),
                                    .content_type = "text/plain; version=0.0.4; charset=utf-8"};
               }});
}

bool Probes::owns(std::string_view path) const {
  return path == "/health" || path == "/metrics";
}

Response Probes::no_route(const Request&, const Router::Match&) const {
  auto response = message(405, "Method Not Allowed");
  response.headers.emplace_back("Allow", "GET, HEAD");
  return response;
}

Response Probes::error(const Request&, const base::Error& error) const {
  return message(error.kind == base::ErrorKind::throttled ? 429 : 500, error.message);
}

}  // namespace slipway::http
