#include "workflow/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/system/error_code.hpp>

#include "workflow/parameters.h"

namespace slipway::workflow {

namespace json = boost::json;

namespace {

constexpr std::size_t kLongestTextBytes = 512;
constexpr std::size_t kMostEvidenceLines = 100;

std::string cut(std::string_view text) {
  if (text.size() <= kLongestTextBytes) return std::string(text);
  auto end = kLongestTextBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not inside a character
  return fmt::format("{}... ({} bytes)", text.substr(0, end), text.size());
}

}  // namespace

json::value clipped(json::value value) {
  if (value.is_string()) return json::value(cut(value.get_string()));
  if (value.is_array()) {
    for (auto& item : value.get_array()) item = clipped(std::move(item));
  } else if (value.is_object()) {
    for (auto& [key, item] : value.get_object()) {
      item = is_sensitive(key) ? json::value("********") : clipped(std::move(item));
    }
  }
  return value;
}

json::object read_payload(std::string_view text) {
  boost::system::error_code unreadable;
  auto payload = json::parse(text, unreadable);
  return payload.is_object() ? std::move(payload.get_object()) : json::object{};
}

std::string in_a_line(const json::object& payload) {
  const auto text = [&](std::string_view name) -> std::string_view {
    const auto* value = payload.if_contains(name);
    return value == nullptr || !value->is_string() ? "" : std::string_view(value->get_string());
  };
  std::string line;
  for (const auto* name : {"status", "action", "for", "signal", "code"}) {
    if (line.empty()) line = text(name);
  }
  if (const auto message = text("message"); !message.empty()) line += fmt::format(": {}", message);
  return line;
}

json::object outcome_payload(Status outcome, const base::Error& error) {
  json::array evidence;
  const auto skipped = error.evidence.size() - std::min(error.evidence.size(), kMostEvidenceLines);
  for (std::size_t i = skipped; i < error.evidence.size(); ++i) evidence.emplace_back(cut(error.evidence[i]));
  return {{"status", to_string(outcome)},
          {"code", error.code},
          {"message", error.message},
          {"evidence", std::move(evidence)}};
}

}  // namespace slipway::workflow
