#include "http/target.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::http {

namespace {
base::Error wrong(std::string_view why) {
  return base::invalid("The request target is malformed: " + std::string(why));
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// Control characters have no business in a name; in a query value, line breaks and tabs may be data.
bool is_clean(std::string_view text, bool is_path) {
  return base::is_utf8(text) && std::ranges::none_of(text, [&](char c) { return is_path ? is_control(c) : c == '\0'; });
}

base::Result<std::string> decode_path(std::string_view raw) {
  std::string path;
  path.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '%') {
      path.push_back(raw[i]);
      continue;
    }
    std::string byte;
    if (!base::percent_decode(raw.substr(i, 3), byte)) return wrong("a percent sign without two hexadecimal digits.");
    path += byte == "/" ? "%2F" : byte;
    i += 2;
  }
  if (!is_clean(path, true)) return wrong("the path is not UTF-8 or has control characters.");
  return path;
}

base::Result<std::string> decode_query_part(std::string_view raw) {
  std::string spaced(raw);
  std::ranges::replace(spaced, '+', ' ');
  std::string text;
  if (!base::percent_decode(spaced, text)) return wrong("a percent sign without two hexadecimal digits.");
  if (!is_clean(text, false)) return wrong("the query is not UTF-8 or has NUL characters.");
  return text;
}

base::Result<std::pair<std::string, std::string>> decode_query_pair(std::string_view pair) {
  const auto equals = std::min(pair.find('='), pair.size());
  auto name = TRY(decode_query_part(pair.substr(0, equals)));
  auto value = TRY(decode_query_part(pair.substr(std::min(equals + 1, pair.size()))));
  return std::pair(std::move(name), std::move(value));
}

// What follows "https://host" in absolute form; empty where `target` has no such form.
std::string_view after_authority(std::string_view target) {
  const auto scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return {};
  const auto scheme = base::lower(target.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") return {};
  target.remove_prefix(scheme_end + 3);
  const auto end = std::min(target.find_first_of("/?"), target.size());
  if (end == 0) return {};
  return end == target.size() ? "/" : target.substr(end);
}
}  // namespace

base::Result<Target> parse_target(std::string_view target) {
  if (target == "*") return Target{"*", {}};
  const bool plain = std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
  if (!plain) return wrong("characters that must be percent-encoded.");
  if (!target.starts_with('/')) target = after_authority(target);
  if (target.empty()) return wrong("it must begin with a slash.");
  const auto mark = std::min(target.find('?'), target.size());
  Target result;
  result.path = TRY(decode_path(target.substr(0, mark)));
  if (result.path.empty()) result.path = "/";
  if (mark == target.size()) return result;
  for (const auto pair : base::split(target.substr(mark + 1), '&')) {
    if (!pair.empty()) result.query.push_back(TRY(decode_query_pair(pair)));
  }
  return result;
}

base::Result<Target> parse_foreign_target(std::string_view target) {
  if (!target.starts_with('/')) return wrong("it must begin with a slash.");
  const bool clean = std::ranges::none_of(target, [](char c) { return is_control(c) || c == ' ' || c == '#'; });
  if (!clean) return wrong("characters that must be percent-encoded.");
  const auto mark = std::min(target.find('?'), target.size());
  Target result;
  for (const auto& byte : target.substr(0, mark)) {
    const bool ascii = static_cast<unsigned char>(byte) < 0x80;
    result.path += ascii ? std::string(1, byte) : base::percent_encode(std::string_view(&byte, 1));
  }
  for (const auto pair : base::split(target.substr(std::min(mark + 1, target.size())), '&')) {
    if (pair.empty()) continue;
    if (auto decoded = decode_query_pair(pair)) result.query.push_back(std::move(*decoded));
  }
  return result;
}

}  // namespace slipway::http
