#pragma once
// The correlation id that a caller brings along, so that its log and ours can be laid side by side.

#include <string>
#include <string_view>

namespace slipway::observe {

// From the first of these headers that is well formed: X-Correlation-Id as it stands (1 to 128 characters of
// A-Z a-z 0-9 and -_.:/=+), the trace id of W3C traceparent (32 hexadecimal digits), the Root of X-Amzn-Trace-Id. Empty
// where none is. Empty arguments stand for absent headers.
std::string correlation_id(std::string_view x_correlation_id, std::string_view traceparent,
                           std::string_view x_amzn_trace_id);

}  // namespace slipway::observe
