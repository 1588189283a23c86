#include "workflow/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace slipway::workflow {

using base::YamlNode;

namespace {

// What stands there instead of what is wanted.
std::string quoted(const YamlNode& value) {
  return value.is_scalar() ? fmt::format("'{}'", base::excerpt(value.text))
                           : fmt::format("a {}", to_string(value.kind));
}

}  // namespace

Fields::Fields(const YamlNode& node, std::string pointer, std::string what, Problems& problems)
    : node_(node), pointer_(std::move(pointer)), what_(base::excerpt(what)), problems_(problems) {
  if (!node_.is_mapping()) {
    problems_.add("E-TYPE", pointer_, node_.mark,
                  fmt::format("{} is a {}; a mapping is wanted", what_, to_string(node_.kind)));
  }
}

const YamlNode* Fields::find(std::string_view key) {
  if (std::ranges::find(known_, key) == known_.end()) known_.push_back(key);
  const auto* found = node_.find(key);
  return found == nullptr || found->kind == YamlNode::Kind::null ? nullptr : found;
}

std::optional<std::string> Fields::text(std::string_view key) {
  const auto* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_scalar()) return value->text;
  problem("E-TYPE", key, fmt::format("{} is a {}; a text is wanted", key, to_string(value->kind)));
  return std::nullopt;
}

bool Fields::boolean(std::string_view key, bool otherwise) {
  const auto* value = find(key);
  if (value == nullptr) return otherwise;
  if (value->kind == YamlNode::Kind::boolean) return value->boolean();
  const auto word = base::lower(value->text);
  if (word == "true" || word == "false") return word == "true";
  problem("E-TYPE", key, fmt::format("{} must be true or false, not {}", key, quoted(*value)));
  return otherwise;
}

std::optional<std::int64_t> Fields::integer(std::string_view key, std::int64_t least, std::int64_t most) {
  const auto* value = find(key);
  if (value == nullptr) return std::nullopt;
  std::int64_t number = 0;
  const auto& text = value->text;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = value->is_scalar() && !text.empty() && code == std::errc() && end == text.data() + text.size();
  if (whole && number >= least && number <= most) return number;
  problem("E-TYPE", key, fmt::format("{} must be an integer from {} to {}, not {}", key, least, most, quoted(*value)));
  return std::nullopt;
}

void Fields::refuse_rest() {
  for (const auto& member : node_.members) {
    if (std::ranges::find(known_, member.key) != known_.end()) continue;
    problems_.add(
        "E-KEY", pointer(member.key), member.mark,
        fmt::format("{} has no key '{}'{}", what_, base::excerpt(member.key), suggestion(member.key, known_)));
  }
}

void Fields::problem(std::string code, std::string_view key, std::string message) {
  const auto* value = node_.find(key);
  problems_.add(std::move(code), value == nullptr ? pointer_ : pointer(key),
                value == nullptr ? node_.mark : value->mark, std::move(message));
}

std::string Fields::pointer(std::string_view key) const {
  return pointer_ + "/" + pointer_part(key);
}

std::string pointer_part(std::string_view name) {
  std::string part;
  for (const char c : name) {
    if (c == '~') {
      part += "~0";
    } else if (c == '/') {
      part += "~1";
    } else {
      part += c;
    }
  }
  return part;
}

}  // namespace slipway::workflow
