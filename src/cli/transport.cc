#include "cli/transport.h"

#include <fmt/format.h>

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
    const auto deadline = request.on_body ? net::Deadline::max() : net::in(limit_);
    auto response = net::run_to_end(runtime_, [&] { return client_.request(std::move(wire), deadline); });
    if (!response) return explain(std::move(response).error());
    return WireResponse{response->status, std::move(response->headers), std::move(response->body)};
  }

 private:
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
