#include "observe/trace.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::observe {

namespace {
bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/=+";
  return !text.empty() && text.size() <= 128 && text.find_first_not_of(kPlain) == std::string_view::npos;
}

// https://www.w3.org/TR/trace-context/#traceparent-header: version-traceid-parentid-flags; later versions may add
// parts.
std::string_view trace_id(std::string_view traceparent) {
  const auto parts = base::split(traceparent, '-');
  if (parts.size() < 4 || parts[0].size() != 2 || !is_hex(parts[0]) || parts[0] == "ff") return {};
  const auto id = parts[1];
  const bool zero = id.find_first_not_of('0') == std::string_view::npos;
  return id.size() == 32 && is_hex(id) && !zero ? id : std::string_view();
}

// "Root=1-67891233-abcdef012345678912345678;Parent=...;Sampled=1"
std::string_view amazon_root(std::string_view header) {
  for (const auto part : base::split(header, ';')) {
    const auto pair = base::trim(part);
    if (pair.starts_with("Root=") && is_id(pair.substr(5))) return pair.substr(5);
  }
  return {};
}
}  // namespace

std::string correlation_id(std::string_view x_correlation_id, std::string_view traceparent,
                           std::string_view x_amzn_trace_id) {
  if (is_id(x_correlation_id)) return std::string(x_correlation_id);
  if (const auto id = trace_id(traceparent); !id.empty()) return std::string(id);
  return std::string(amazon_root(x_amzn_trace_id));
}

}  // namespace slipway::observe
