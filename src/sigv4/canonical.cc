#include "sigv4/canonical.h"

#include <array>
#include <cstddef>

#include "base/text.h"
#include "sigv4/digest.h"

namespace slipway::sigv4 {

namespace {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// What a fold or a sloppy client may put into a value; the same set as aws-c-auth.
constexpr bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

constexpr auto kUnreserved = [] {
  std::array<bool, 256> table{};
  for (int c = 0; c < 256; ++c) {
    table[c] = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
               c == '_' || c == '~';
  }
  return table;
}();

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The byte that the escape at text[i] stands for, or -1.
int escaped_byte(std::string_view text, std::size_t i) {
  if (i + 2 >= text.size()) return -1;
  const int high = hex_value(text[i + 1]);
  const int low = hex_value(text[i + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

void append_encoded(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  if (kUnreserved[byte]) {
    out.push_back(c);
    return;
  }
  out.push_back('%');
  out.push_back(kDigits[byte >> 4]);
  out.push_back(kDigits[byte & 15]);
}

bool append_reencoded(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      append_encoded(out, text[i]);
      continue;
    }
    const int byte = escaped_byte(text, i);
    if (byte < 0) return false;
    append_encoded(out, static_cast<char>(byte));
    i += 2;
  }
  return true;
}

void append_path_text(std::string& out, std::string_view path, bool keep_escapes) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool kept = path[i] == '/' || (keep_escapes && path[i] == '%' && escaped_byte(path, i) >= 0);
    kept ? out.push_back(path[i]) : append_encoded(out, path[i]);
  }
}

std::string normalised(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const auto segment : base::split(path, '/')) {
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      kept.push_back(segment);
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  std::string result = "/";
  for (const auto segment : kept) {
    if (result.size() > 1) result += '/';
    result += segment;
  }
  if (result.size() > 1 && path.ends_with('/')) result += '/';
  return result;
}

void append_value(std::string& out, std::string_view value) {
  const std::size_t start = out.size();
  bool pending = false;
  for (const char c : value) {
    if (is_blank(c)) {
      pending = out.size() > start;
      continue;
    }
    if (pending) out.push_back(' ');
    pending = false;
    out.push_back(c);
  }
}

}  // namespace

TargetParts split_target(std::string_view target) {
  const auto mark = target.find('?');
  auto path = target.substr(0, mark);
  if (path.empty()) path = "/";
  return {path, mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1)};
}

bool same_name(std::string_view left, std::string_view right) {
  return left.size() == right.size() && name_starts_with(left, right);
}

bool name_starts_with(std::string_view name, std::string_view prefix) {
  if (name.size() < prefix.size()) return false;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    if (lower(name[i]) != lower(prefix[i])) return false;
  }
  return true;
}

bool is_normalised(std::string_view path) {
  // Only these can begin a segment that goes.
  if (path.find("//") == std::string_view::npos && path.find("/.") == std::string_view::npos) return true;
  return normalised(path) == path;
}

void append_canonical_path(std::string& out, std::string_view path, const Rules& rules) {
  const bool keep_escapes = !rules.encode_path_again;
  if (rules.normalise_path && !is_normalised(path)) {
    append_path_text(out, normalised(path), keep_escapes);
  } else {
    append_path_text(out, path, keep_escapes);
  }
}

bool append_canonical_query(std::string& out, std::string_view query) {
  struct Pair {
    std::size_t begin, equals, end;  // in `text`
  };
  std::string text;
  std::vector<Pair> pairs;
  bool well_formed = true;
  for_each_pair(query, [&](std::string_view name, std::string_view value) {
    Pair pair{.begin = text.size(), .equals = 0, .end = 0};
    well_formed = append_reencoded(text, name) && well_formed;
    pair.equals = text.size();
    well_formed = append_reencoded(text, value) && well_formed;
    pair.end = text.size();
    pairs.push_back(pair);
  });
  if (!well_formed) return false;
  const auto name = [&](const Pair& p) { return std::string_view(text).substr(p.begin, p.equals - p.begin); };
  const auto value = [&](const Pair& p) { return std::string_view(text).substr(p.equals, p.end - p.equals); };
  std::sort(pairs.begin(), pairs.end(), [&](const Pair& left, const Pair& right) {
    const int order = name(left).compare(name(right));
    return order != 0 ? order < 0 : value(left) < value(right);
  });
  bool first = true;
  for (const Pair& pair : pairs) {
    if (name(pair) == "X-Amz-Signature") continue;
    if (!first) out.push_back('&');
    first = false;
    out += name(pair);
    out.push_back('=');
    out += value(pair);
  }
  return true;
}

std::string_view append_canonical_headers(std::string& out, const std::vector<std::string_view>& names,
                                          const Headers& headers) {
  for (const auto name : names) {
    out += name;
    out.push_back(':');
    bool found = false;
    for (const auto& [key, value] : headers) {
      if (!same_name(key, name)) continue;
      if (found) out.push_back(',');
      found = true;
      append_value(out, value);
    }
    if (!found) return name;
    out.push_back('\n');
  }
  return {};
}

void append_names(std::string& out, const std::vector<std::string_view>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out.push_back(';');
    out += names[i];
  }
}

CanonicalHead canonical_head(std::string_view method, TargetParts target, const Headers& headers,
                             const std::vector<std::string_view>& signed_names, const Rules& rules) {
  CanonicalHead head;
  head.text.reserve(512 + target.path.size() + target.query.size());
  head.text += method;
  head.text.push_back('\n');
  append_canonical_path(head.text, target.path, rules);
  head.text.push_back('\n');
  head.malformed_query = !append_canonical_query(head.text, target.query);
  head.text.push_back('\n');
  head.missing_header = append_canonical_headers(head.text, signed_names, headers);
  head.text.push_back('\n');
  append_names(head.text, signed_names);
  head.text.push_back('\n');
  return head;
}

std::string string_to_sign(std::string_view time, std::string_view scope, std::string_view canonical_request) {
  std::string text;
  text.reserve(kAlgorithm.size() + time.size() + scope.size() + 67);
  text += kAlgorithm;
  text.push_back('\n');
  text += time;
  text.push_back('\n');
  text += scope;
  text.push_back('\n');
  append_hex(text, sha256(canonical_request));
  return text;
}

}  // namespace slipway::sigv4
