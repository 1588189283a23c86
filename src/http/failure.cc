#include "http/failure.h"

#include <fmt/format.h>

#include <chrono>

#include "observe/log.h"

namespace slipway::http {

namespace {

void log_failure(const Request& request, const base::Error& error) {
  const observe::Fields fields{{"request_id", request.request_id},
                               {observe::kCorrelationId, request.correlation_id},
                               {"operation", request.operation}};
  switch (error.kind) {
    case base::ErrorKind::internal:
      return observe::error("a request failed", error, fields);
    case base::ErrorKind::unavailable:
    case base::ErrorKind::timed_out:
      return observe::warning("a request could not be served", error, fields);
    case base::ErrorKind::invalid:
    case base::ErrorKind::unauthenticated:
    case base::ErrorKind::forbidden:
    case base::ErrorKind::not_found:
    case base::ErrorKind::conflict:
    case base::ErrorKind::throttled:
      return;
  }
}

}  // namespace

Response failed(const Request& request, const base::Error& error, Response response) {
  log_failure(request, error);
  if (error.retry_after) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*error.retry_after).count();
    response.headers.emplace_back("Retry-After", fmt::to_string(seconds));
  }
  return response;
}

int status_of(base::ErrorKind kind) {
  switch (kind) {
    case base::ErrorKind::invalid:
      return 400;
    case base::ErrorKind::unauthenticated:
      return 401;
    case base::ErrorKind::forbidden:
      return 403;
    case base::ErrorKind::not_found:
      return 404;
    case base::ErrorKind::conflict:
      return 409;
    case base::ErrorKind::throttled:
      return 429;
    case base::ErrorKind::unavailable:
      return 503;
    case base::ErrorKind::timed_out:
      return 504;
    case base::ErrorKind::internal:
      return 500;
  }
}

}  // namespace slipway::http
