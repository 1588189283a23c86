// What the broker asks the HTTP server of an environment's program.
#include <fmt/format.h>

#include <boost/json/parse.hpp>

#include "net/byte_stream.h"
#include "net/http_exchange.h"
#include "provider/local/programs/program.h"

namespace slipway::provider::local::programs {

namespace {

constexpr std::size_t kMostBytes = 1 << 20;

}  // namespace

net::Task<boost::json::value> ask(const Machine& machine, broker::Endpoint endpoint, std::string path) {
  const auto stream = CO_TRY(co_await net::connect_loopback(machine.runtime, endpoint.port));
  net::HttpExchange exchange(*stream, fmt::format("the program on port {}", endpoint.port), {.body_bytes = kMostBytes});
  auto request =
      fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAccept: application/json\r\nConnection: close\r\n", path,
                  endpoint.port);
  if (!endpoint.authorization.empty()) request += fmt::format("Authorization: {}\r\n", endpoint.authorization.reveal());
  CO_TRY(co_await exchange.send(request + "\r\n"));
  const auto head = CO_TRY(co_await exchange.read_head(false));
  if (head.status != 200) {
    co_return base::unavailable(fmt::format("the program answers {} to GET {}", head.status, path), "BadAnswer");
  }
  std::string body;
  for (;;) {
    const auto part = CO_TRY(co_await exchange.read_part());
    if (part.empty()) break;
    body += part;
  }
  boost::system::error_code failed;
  auto value = boost::json::parse(body, failed);
  if (!failed) co_return value;
  co_return base::unavailable(fmt::format("what the program answers to GET {} is no JSON", path), "BadAnswer");
}

}  // namespace slipway::provider::local::programs
