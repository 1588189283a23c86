#include "http/accounting.h"

#include <fmt/format.h>

#include <cmath>

#include "observe/log.h"

namespace slipway::http {

Accounting::Accounting(observe::Metrics& metrics)
    : connections(metrics.gauge("slipway_http_connections", "Open connections.")),
      connections_refused(metrics.counter("slipway_http_connections_refused_total",
                                          "Connections closed at once because the listener had its number.")),
      handshakes_failed(metrics.counter("slipway_http_handshakes_failed_total", "TLS handshakes that failed.")),
      in_flight(metrics.gauge("slipway_http_requests_in_flight", "Requests being answered.")),
      streams(metrics.gauge("slipway_http_streams", "Answers being written over time, and tunnels.")),
      metrics_(metrics) {}

void Accounting::answered(const Request& request, std::string_view surface, int status, std::size_t bytes,
                          std::chrono::nanoseconds took) {
  const auto seconds = std::chrono::duration<double>(took).count();
  auto& known = numbers(surface, request.operation);
  known.seconds.observe(seconds);
  auto counter = known.by_status.find(status);
  if (counter == known.by_status.end()) {
    const observe::Metrics::Labels labels{
        {"surface", std::string(surface)}, {"operation", request.operation}, {"status", fmt::to_string(status)}};
    counter =
        known.by_status.emplace(status, metrics_.counter("slipway_http_requests_total", "Requests answered.", labels))
            .first;
  }
  counter->second.add();
  observe::info_soon("request", {{"method", request.method},
                                 {"operation", request.operation},
                                 {"path", request.path},
                                 {"status", status},
                                 {"bytes", bytes},
                                 {"ms", std::round(seconds * 1e6) / 1e3},
                                 {"request_id", request.request_id},
                                 {observe::kCorrelationId, request.correlation_id},
                                 {"caller", request.caller.id},
                                 {"remote", request.remote}});
}

Accounting::Numbers& Accounting::numbers(std::string_view surface, const std::string& operation) {
  auto of_surface = numbers_.find(surface);
  if (of_surface == numbers_.end()) of_surface = numbers_.try_emplace(std::string(surface)).first;
  const auto known = of_surface->second.find(operation);
  if (known != of_surface->second.end()) return known->second;
  auto histogram = metrics_.histogram("slipway_http_request_seconds", "Time from a request's last byte to its answer.",
                                      {{"surface", std::string(surface)}, {"operation", operation}});
  return of_surface->second.emplace(operation, Numbers{histogram, {}}).first->second;
}

}  // namespace slipway::http
