#include "cli/transport.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "net/http_client.h"

namespace slipway::cli {

namespace {

// Runs the loop on the calling thread for as long as one exchange takes.
class Exchange {
 public:
  Exchange(const Connection& connection, std::chrono::milliseconds limit)
      : client_(runtime_, {.ca_file = connection.ca_file}), connection_(connection), limit_(limit) {}

  base::Result<WireResponse> operator()(const WireRequest& request) {
    net::ClientRequest wire{request.method, request.url, request.headers, request.body, request.on_body};
    // On a stream nothing may come for hours.
    if (request.on_body) catch_interrupts();
    auto response = exchange(std::move(wire), request.on_body ? net::Deadline::max() : net::in(limit_));
    if (!response) return explain(std::move(response).error());
    return WireResponse{response->status, std::move(response->headers), std::move(response->body)};
  }

 private:
  // Where interrupts are caught, one ends the wait for the answer.
  base::Result<net::ClientResponse> exchange(net::ClientRequest request, net::Deadline deadline) {
    namespace asio = boost::asio;
    if (interrupt_descriptor() < 0) {
      return net::run_to_end(runtime_, [&] { return client_.request(std::move(request), deadline); });
    }
    asio::posix::stream_descriptor wake(runtime_.io(), ::dup(interrupt_descriptor()));
    std::optional<base::Result<net::ClientResponse>> response;
    net::TaskGroup group(runtime_);
    // Whichever ends first ends the other.
    group.spawn("request", [&]() -> asio::awaitable<void> {
      response.emplace(co_await client_.request(std::move(request), deadline));
      group.cancel();
    });
    group.spawn("interrupt", [&]() -> asio::awaitable<void> {
      co_await wake.async_wait(asio::posix::stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
      group.cancel();
    });
    net::run_to_end(runtime_, [&] { return group.join(); });
    if (!response) return interrupted();
    return std::move(*response);
  }

  base::Error explain(base::Error error) const {
    if (error.code == "ConnectionRefused") {
      error.message = fmt::format("Nothing answers on {}: {}", connection_.url,
                                  connection_.local ? "the broker is not running. Start it with `slipway serve`."
                                                    : "check the address, and whether a broker runs there.");
    } else if (error.code == "CertificateRefused") {
      error.evidence.push_back(connection_.ca_file.empty()
                                   ? "Name the file with its certificate authority: --ca FILE."
                                   : fmt::format("Trusted: the authorities in {}.", connection_.ca_file));
    }
    return error;
  }

  net::Runtime runtime_{1};
  net::HttpClient client_;
  Connection connection_;
  std::chrono::milliseconds limit_;
};

}  // namespace

base::Result<Transport> open_transport(const Connection& connection, std::chrono::milliseconds limit) {
  auto exchange = std::make_shared<Exchange>(connection, limit);
  return Transport([exchange](const WireRequest& request) { return (*exchange)(request); });
}

}  // namespace slipway::cli
