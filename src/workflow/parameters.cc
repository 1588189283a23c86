#include "workflow/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/text.h"

namespace slipway::workflow {

namespace json = boost::json;

namespace {

constexpr std::size_t kValueLimitBytes = 64 * 1024;
constexpr int kValueLimitLevels = 20;  // Boost.JSON reads 32, and where values are kept they stand some levels down
constexpr std::pair<Type, std::string_view> kTypes[] = {
    {Type::string, "String"},   {Type::string_list, "StringList"}, {Type::integer, "Integer"},
    {Type::boolean, "Boolean"}, {Type::string_map, "StringMap"},   {Type::map_list, "MapList"},
};

std::int64_t code_points(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

// The value, or each element of a list: what allowedValues, allowedPattern and the character bounds look at.
std::vector<const json::value*> elements(const json::value& value) {
  std::vector<const json::value*> all;
  if (!value.is_array()) return {&value};
  for (const auto& item : value.get_array()) all.push_back(&item);
  return all;
}

bool is_deeper(const json::value& value, int levels) {
  if (!value.is_array() && !value.is_object()) return false;
  if (levels == 0) return true;
  const auto deeper = [levels](const json::value& item) { return is_deeper(item, levels - 1); };
  if (value.is_array()) return std::ranges::any_of(value.get_array(), deeper);
  return std::ranges::any_of(value.get_object(), [&](const auto& member) { return deeper(member.value()); });
}

std::string shown(const Parameter& parameter, const json::value& value) {
  if (parameter.sensitive) return "its value";
  auto text = json::serialize(value);
  return text.size() > 100 ? base::printable(text.substr(0, 97)) + "..." : text;
}

void check_pattern(const Parameter& parameter, const json::value& value, bool as_default,
                   std::vector<std::string>& found) {
  if (!parameter.allowed_pattern) return;
  for (const auto* element : elements(value)) {
    const auto text = to_text(*element);
    if (as_default && text.empty()) continue;
    const auto matched = parameter.allowed_pattern->matches(text);
    if (!matched) {
      found.push_back(matched.error().message);
    } else if (!*matched) {
      found.push_back(fmt::format("{} does not match the pattern {}", shown(parameter, *element),
                                  parameter.allowed_pattern->text()));
    }
  }
}

void check_bound(const Parameter& parameter, std::string_view name, std::int64_t actual, std::string_view what,
                 std::vector<std::string>& found) {
  const auto bound = parameter.bounds.find(name);
  if (bound == parameter.bounds.end()) return;
  if (name.starts_with("min") ? actual < bound->second : actual > bound->second) {
    found.push_back(fmt::format("{} {}, {} is {}", actual, what, name, bound->second));
  }
}

void check_bounds(const Parameter& parameter, const json::value& value, std::vector<std::string>& found) {
  if (value.is_int64()) {
    for (const auto* name : {"minValue", "maxValue"}) {
      check_bound(parameter, name, value.get_int64(), "is out of bounds", found);
    }
  }
  if (value.is_array() || value.is_object()) {
    const auto items = value.is_array() ? value.get_array().size() : value.get_object().size();
    for (const auto* name : {"minItems", "maxItems"}) {
      check_bound(parameter, name, static_cast<std::int64_t>(items), "items", found);
    }
  }
  for (const auto* element : elements(value)) {
    if (!element->is_string()) continue;
    for (const auto* name : {"minChars", "maxChars"}) {
      check_bound(parameter, name, code_points(element->get_string()), "characters", found);
    }
  }
}

// The value of a parameter that was not given. Needs a default.
base::Result<json::value> default_value(const Parameter& parameter, const Scope& scope) {
  auto value = TRY(resolve(*parameter.fallback, scope, parameter.name));
  const bool structured = parameter.type == Type::string_map || parameter.type == Type::map_list;
  if (!structured || !value.is_string()) return value;
  boost::system::error_code ec;
  auto parsed = json::parse(value.get_string(), ec);  // JSON text besides a structure
  return ec ? value : parsed;
}

}  // namespace

std::string_view to_string(Type type) {
  return std::ranges::find(kTypes, type, &std::pair<Type, std::string_view>::first)->second;
}

std::optional<Type> type_from(std::string_view text) {
  if (text.starts_with("List<AWS::") && text.ends_with(">")) return Type::string_list;
  if (text.starts_with("AWS::")) return Type::string;
  for (const auto& [type, name] : kTypes) {
    if (name == text) return type;
  }
  return std::nullopt;
}

bool has_type(Type type, const json::value& value) {
  switch (type) {
    case Type::string:
      return value.is_string();
    case Type::integer:
      return value.is_int64();
    case Type::boolean:
      return value.is_bool();
    case Type::string_map:
      return value.is_object();
    case Type::string_list:
      return value.is_array() &&
             std::ranges::all_of(value.get_array(), [](const auto& item) { return item.is_string(); });
    case Type::map_list:
      return value.is_array() &&
             std::ranges::all_of(value.get_array(), [](const auto& item) { return item.is_object(); });
  }
}

bool is_sensitive(std::string_view name) {
  const auto word = base::lower(name);
  const auto has = [&](std::string_view part) { return word.find(part) != std::string::npos; };
  const bool idempotency = has("clienttoken") || has("requesttoken") || has("terminatetoken") ||
                           has("provisiontoken") || has("idempotencytoken");
  return has("password") || has("secret") || (has("token") && !idempotency);
}

std::vector<std::string> violations(const Parameter& parameter, const json::value& value, bool as_default) {
  std::vector<std::string> found;
  if (!has_type(parameter.type, value)) {
    found.push_back(fmt::format("{} is not of type {}", shown(parameter, value), to_string(parameter.type)));
    return found;
  }
  if (json::serialize(value).size() > kValueLimitBytes) {
    found.push_back(fmt::format("the value is longer than {} bytes", kValueLimitBytes));
    return found;
  }
  if (is_deeper(value, kValueLimitLevels)) {
    found.push_back(fmt::format("the value is nested deeper than {} levels", kValueLimitLevels));
    return found;
  }
  if (!parameter.allowed_values.empty()) {
    for (const auto* element : elements(value)) {
      if (std::ranges::find(parameter.allowed_values, *element) != parameter.allowed_values.end()) continue;
      found.push_back(
          fmt::format("{} is not one of {}", shown(parameter, *element),
                      json::serialize(json::array(parameter.allowed_values.begin(), parameter.allowed_values.end()))));
    }
  }
  check_pattern(parameter, value, as_default, found);
  check_bounds(parameter, value, found);
  return found;
}

base::Result<json::object> bind_parameters(const Plan& plan, const json::object& given, const Identity& identity,
                                           base::Time now) {
  std::vector<std::string> wrong;
  for (const auto& [name, value] : given) {
    if (plan.find_parameter(name) == nullptr) {
      wrong.push_back(fmt::format("{}: document {} has no such parameter", std::string_view(name), plan.name));
    }
  }
  for (const auto& parameter : plan.parameters) {
    if (!given.contains(parameter.name) && !parameter.fallback) {
      wrong.push_back(fmt::format("{}: a value is required", parameter.name));
    }
  }
  json::object values;
  const Scope scope{identity, now};
  for (const auto& parameter : plan.parameters) {
    const auto* value = given.if_contains(parameter.name);
    if (value == nullptr && !parameter.fallback) continue;
    auto& bound = values[parameter.name];
    bound = value != nullptr ? *value : TRY(default_value(parameter, scope));
    for (const auto& violation : violations(parameter, bound, value == nullptr)) {
      wrong.push_back(fmt::format("{}: {}", parameter.name, violation));
    }
  }
  if (wrong.empty()) return values;
  auto error = base::invalid(base::join(wrong, "; "));
  error.code = "InvalidParameters";
  return error;
}

json::object mask_parameters(const Plan& plan, json::object values) {
  for (const auto& parameter : plan.parameters) {
    if (parameter.sensitive && values.contains(parameter.name)) values[parameter.name] = "********";
  }
  return values;
}

}  // namespace slipway::workflow
