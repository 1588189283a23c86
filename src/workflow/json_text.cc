#include "workflow/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <iterator>
#include <optional>

#include "base/text.h"

namespace slipway::workflow {

namespace json = boost::json;

namespace {

// The members of AWS requests, in all services that have one of the name, and of actions, that hold JSON text.
constexpr std::string_view kJsonMembers[] = {
    "AssumeRolePolicyDocument",
    "Detail",
    "InputPayload",
    "Payload",
    "Policy",
    "PolicyDocument",
    "StackPolicyBody",
    "TemplateBody",
    "input",
    "policyDocument",
    "policy",
    "Input",
    "definition",
    "detail",
};

bool is_json(std::string_view text) {
  boost::system::error_code ec;
  const auto parsed = json::parse(text, ec);
  return !ec;
}

bool looks_like_json(std::string_view written) {
  const auto text = base::trim(written);
  return text.starts_with('{') || text.starts_with('[');
}

// Follows the literal text from one value to the next: true while a JSON string is open.
class Quotes {
 public:
  void pass(std::string_view literal) {
    for (const char c : literal) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = open_;
      } else if (c == '"') {
        open_ = !open_;
      }
    }
  }
  bool open() const { return open_; }

 private:
  bool open_ = false;
  bool escaped_ = false;
};

// The text again, with values inside quotes escaped. All references have values.
std::string escaped(const std::vector<Piece>& pieces, const Scope& scope) {
  std::string text;
  Quotes quotes;
  for (const auto& piece : pieces) {
    if (const auto* literal = std::get_if<std::string>(&piece)) {
      quotes.pass(*literal);
      text += *literal;
      continue;
    }
    const auto value = to_text(*look_up(std::get<Reference>(piece), scope));
    const auto quoted = json::serialize(json::value(value));
    text += quotes.open() ? quoted.substr(1, quoted.size() - 2) : value;
  }
  return text;
}

// Where `value`, of a text that holds JSON, is none any more: with the values inside quotes escaped, if that helps.
std::optional<std::string> mended(std::string_view written, const json::value& value, const Scope& scope) {
  if (!looks_like_json(written) || written.find("{{") == written.npos || is_json(value.get_string())) return {};
  const auto pieces = split_references(written);
  if (!pieces || pieces->size() == 1) return {};
  auto text = escaped(*pieces, scope);
  return is_json(text) ? std::optional(std::move(text)) : std::nullopt;
}

}  // namespace

base::Result<ResolvedInputs> resolve_inputs(const json::object& inputs, const Scope& scope, std::string path) {
  ResolvedInputs resolved;
  const auto scalar = [&](const json::value& written, const std::string& place,
                          std::string_view member) -> base::Result<json::value> {
    auto value = TRY(resolve(written, scope, place));
    const bool holds_json = std::ranges::find(kJsonMembers, member) != std::end(kJsonMembers);
    if (!holds_json || !written.is_string() || !value.is_string()) return value;
    if (auto text = mended(written.get_string(), value, scope)) {
      value = *text;
      resolved.notes.push_back(fmt::format("values in {} were escaped, since it would be no JSON otherwise", place));
    }
    return value;
  };
  json::object values;
  for (const auto& [key, written] : inputs) {
    const std::string_view name = key;
    values[key] = TRY(resolve_scalars(written, fmt::format("{}/{}", path, name), name, scalar));
  }
  resolved.value = std::move(values);
  return resolved;
}

}  // namespace slipway::workflow
