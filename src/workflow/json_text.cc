#include "workflow/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <iterator>

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

class Resolver {
 public:
  explicit Resolver(const Scope& scope) : scope_(scope) {}

  base::Result<json::value> object(const json::object& written, const std::string& path) {
    json::object resolved;
    for (const auto& [key, item] : written) {
      const std::string_view name = key;
      resolved[key] = TRY(any(item, fmt::format("{}/{}", path, name), name));
    }
    return json::value(std::move(resolved));
  }

  std::vector<std::string> notes;

 private:
  base::Result<json::value> any(const json::value& written, const std::string& path, std::string_view member) {
    if (written.is_object()) return object(written.get_object(), path);
    if (written.is_array()) return array(written.get_array(), path);
    auto value = TRY(resolve(written, scope_, path));
    const bool holds_json = std::ranges::find(kJsonMembers, member) != std::end(kJsonMembers);
    if (holds_json && written.is_string() && value.is_string()) mend(written.get_string(), path, value);
    return value;
  }

  base::Result<json::value> array(const json::array& written, const std::string& path) {
    json::array resolved;
    for (const auto& item : written) {
      auto value = TRY(any(item, fmt::format("{}/{}", path, resolved.size()), {}));
      if (item.is_string() && value.is_array()) {  // one reference, to a list: spliced
        for (auto& inner : value.get_array()) resolved.push_back(std::move(inner));
      } else {
        resolved.push_back(std::move(value));
      }
    }
    return json::value(std::move(resolved));
  }

  void mend(std::string_view written, const std::string& path, json::value& value) {
    if (!looks_like_json(written) || written.find("{{") == written.npos || is_json(value.get_string())) return;
    const auto pieces = split_references(written);
    if (!pieces || pieces->size() == 1) return;
    const auto text = escaped(*pieces, scope_);
    if (!is_json(text)) return;
    value = text;
    notes.push_back(fmt::format("W-ESC: values in {} were escaped, since it would be no JSON otherwise", path));
  }

  const Scope& scope_;
};

}  // namespace

base::Result<ResolvedInputs> resolve_inputs(const json::object& inputs, const Scope& scope, std::string path) {
  Resolver resolver(scope);
  auto value = TRY(resolver.object(inputs, path));
  return ResolvedInputs{std::move(value), std::move(resolver.notes)};
}

}  // namespace slipway::workflow
