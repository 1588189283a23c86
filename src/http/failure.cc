#include "http/failure.h"

#include "observe/log.h"

namespace slipway::http {

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

}  // namespace slipway::http
