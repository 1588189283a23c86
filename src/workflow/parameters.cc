#include "workflow/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "base/text.h"

namespace slipway::workflow {

namespace json = boost::json;

namespace {

constexpr std::size_t kValueLimitBytes = 64 * 1024;
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

std::string shown(const Parameter& parameter, const json::value& value) {
  if (parameter.sensitive) return "its value";
  return base::excerpt(json::serialize(value));
}

// The order in which violations are told.
enum class Stage { unknown, missing, type, allowed, pattern, bounds };
struct Violation {
  Stage stage;
  std::string message;
};

void check_pattern(const Parameter& parameter, const json::value& value, bool as_default,
                   std::vector<Violation>& found) {
  if (!parameter.allowed_pattern) return;
  for (const auto* element : elements(value)) {
    const auto text = to_text(*element);
    if (as_default && text.empty()) continue;
    const auto matched = parameter.allowed_pattern->matches(text);
    if (!matched) {
      found.push_back({Stage::pattern, matched.error().message});
    } else if (!*matched) {
      found.push_back({Stage::pattern, fmt::format("{} does not match the pattern {}", shown(parameter, *element),
                                                   parameter.allowed_pattern->text())});
    }
  }
}

void check_bound(const Parameter& parameter, std::string_view name, std::int64_t actual, std::string_view told,
                 std::vector<Violation>& found) {
  const auto bound = parameter.bounds.find(name);
  if (bound == parameter.bounds.end()) return;
  if (name.starts_with("min") ? actual < bound->second : actual > bound->second) {
    found.push_back({Stage::bounds, fmt::format("{}, {} is {}", told, name, bound->second)});
  }
}

void check_bounds(const Parameter& parameter, const json::value& value, std::vector<Violation>& found) {
  if (value.is_int64()) {
    for (const auto* name : {"minValue", "maxValue"}) {
      check_bound(parameter, name, value.get_int64(), shown(parameter, value) + " is out of bounds", found);
    }
  }
  if (value.is_array() || value.is_object()) {
    const auto items = value.is_array() ? value.get_array().size() : value.get_object().size();
    for (const auto* name : {"minItems", "maxItems"}) {
      check_bound(parameter, name, static_cast<std::int64_t>(items), fmt::format("{} items", items), found);
    }
  }
  for (const auto* element : elements(value)) {
    if (!element->is_string()) continue;
    for (const auto* name : {"minChars", "maxChars"}) {
      const auto count = code_points(element->get_string());
      check_bound(parameter, name, count, fmt::format("{} characters", count), found);
    }
  }
}

std::vector<Violation> find_violations(const Parameter& parameter, const json::value& value, bool as_default) {
  std::vector<Violation> found;
  if (!has_type(parameter.type, value)) {
    auto message = fmt::format("{} is not of type {}", shown(parameter, value), to_string(parameter.type));
    // 3 and true may have been meant as texts.
    const bool scalar = !value.is_null() && !value.is_array() && !value.is_object();
    if (parameter.type == Type::string && scalar) message += " (write it as a JSON string, in double quotes)";
    found.push_back({Stage::type, std::move(message)});
    return found;
  }
  if (json::serialize(value).size() > kValueLimitBytes) {
    found.push_back({Stage::type, fmt::format("the value is longer than {} bytes", kValueLimitBytes)});
    return found;
  }
  if (is_deeper(value, kValueLimitLevels)) {
    found.push_back({Stage::type, fmt::format("the value is nested deeper than {} levels", kValueLimitLevels)});
    return found;
  }
  if (!parameter.allowed_values.empty()) {
    for (const auto* element : elements(value)) {
      if (std::ranges::find(parameter.allowed_values, *element) != parameter.allowed_values.end()) continue;
      found.push_back({Stage::allowed, fmt::format("{} is not one of {}", shown(parameter, *element),
                                                   json::serialize(json::array(parameter.allowed_values.begin(),
                                                                               parameter.allowed_values.end())))});
    }
  }
  check_pattern(parameter, value, as_default, found);
  check_bounds(parameter, value, found);
  return found;
}

// The text of a default with values in place of its references; a text or list of the store as it is where it stands
// alone.
base::Result<json::value> from_store(std::string_view written, const Scope& scope, const ParameterStore* store) {
  const auto pieces = TRY(split_references(written));
  std::string text;
  for (const auto& piece : pieces) {
    if (const auto* literal = std::get_if<std::string>(&piece)) {
      text += *literal;
      continue;
    }
    const auto& reference = std::get<Reference>(piece);
    if (reference.kind == Reference::Kind::ssm && store == nullptr) {
      return base::invalid(fmt::format("its default needs {}, and there is no Parameter Store here", reference.text()));
    }
    json::value value;
    if (reference.kind == Reference::Kind::ssm) {
      value = TRY(store->find(reference.name));
    } else {
      value = look_up(reference, scope).value_or("");
    }
    if (pieces.size() == 1) return value;
    text += to_text(value);
  }
  return json::value(text);
}

// The value of a parameter that was not given. Needs a default.
base::Result<json::value> default_value(const Parameter& parameter, const Scope& scope, const ParameterStore* store) {
  const auto& fallback = *parameter.fallback;
  if (fallback.is_string()) {
    return from_text(parameter.type, TRY(from_store(fallback.get_string(), scope, store)));
  }
  if (!has_type(Type::string_list, fallback)) return resolve(fallback, scope, parameter.name);
  json::array texts;
  for (const auto& item : fallback.get_array()) {
    auto value = TRY(from_store(item.get_string(), scope, store));
    if (value.is_array()) {
      for (auto& inner : value.get_array()) texts.push_back(std::move(inner));
    } else {
      texts.push_back(std::move(value));
    }
  }
  return json::value(std::move(texts));
}

// One value out of the list of texts that the service takes, or out of a list of it alone; as given where it does not
// fit.
json::value from_texts(Type type, const json::value& given) {
  const bool one = given.is_array() && given.get_array().size() == 1;
  if (one && !has_type(type, given) && has_type(type, given.get_array().front())) return given.get_array().front();
  if (!has_type(Type::string_list, given) || type == Type::string_list) return given;
  const auto& texts = given.get_array();
  if (type == Type::map_list && texts.size() != 1) {
    json::array maps;
    for (const auto& text : texts) maps.push_back(from_text(type, text));
    return json::value(std::move(maps));
  }
  if (texts.size() != 1) return given;
  const auto& text = texts.front().get_string();
  if (type == Type::string) return texts.front();
  if (type == Type::boolean && (text == "true" || text == "True")) return json::value(true);
  if (type == Type::boolean && (text == "false" || text == "False")) return json::value(false);
  if (type == Type::integer) {
    std::int64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code == std::errc() && end == text.data() + text.size()) return json::value(number);
  }
  auto parsed = from_text(type, texts.front());
  if (type == Type::map_list && parsed.is_object()) return json::array{std::move(parsed)};  // one element, one object
  return parsed;
}

}  // namespace

bool is_deeper(const json::value& value, int levels) {
  if (!value.is_array() && !value.is_object()) return false;
  if (levels == 0) return true;
  const auto deeper = [levels](const json::value& item) { return is_deeper(item, levels - 1); };
  if (value.is_array()) return std::ranges::any_of(value.get_array(), deeper);
  return std::ranges::any_of(value.get_object(), [&](const auto& member) { return deeper(member.value()); });
}

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

json::value from_text(Type type, json::value value) {
  if ((type != Type::string_map && type != Type::map_list) || !value.is_string()) return value;
  boost::system::error_code ec;
  auto parsed = json::parse(value.get_string(), ec);
  return ec ? value : parsed;
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
  std::vector<std::string> messages;
  for (auto& violation : find_violations(parameter, value, as_default))
    messages.push_back(std::move(violation.message));
  return messages;
}

base::Result<json::object> bind_parameters(const Plan& plan, const json::object& given, const Identity& identity,
                                           base::Time now, const ParameterStore* store) {
  std::vector<Violation> wrong;
  for (const auto& [name, value] : given) {
    if (plan.find_parameter(name) != nullptr) continue;
    wrong.push_back(
        {Stage::unknown, fmt::format("{}: document {} has no such parameter", base::excerpt(name), plan.name)});
  }
  json::object values;
  const Scope scope{identity, now};
  for (const auto& parameter : plan.parameters) {
    const auto* value = given.if_contains(parameter.name);
    if (value == nullptr && !parameter.fallback) {
      wrong.push_back({Stage::missing, fmt::format("{}: a value is required", parameter.name)});
      continue;
    }
    const auto bound = value != nullptr ? base::Result<json::value>(*value) : default_value(parameter, scope, store);
    if (!bound) {
      wrong.push_back({Stage::missing, fmt::format("{}: {}", parameter.name, bound.error().message)});
      continue;
    }
    for (const auto& violation : find_violations(parameter, *bound, value == nullptr)) {
      wrong.push_back({violation.stage, fmt::format("{}: {}", parameter.name, violation.message)});
    }
    values[parameter.name] = *bound;
  }
  if (wrong.empty()) return values;
  std::vector<std::string> messages;
  for (const auto stage :
       {Stage::unknown, Stage::missing, Stage::type, Stage::allowed, Stage::pattern, Stage::bounds}) {
    for (const auto& violation : wrong) {
      if (violation.stage == stage) messages.push_back(violation.message);
    }
  }
  auto error = base::invalid(base::join(messages, "; "));
  error.code = "InvalidParameters";
  return error;
}

base::Result<void> check_defaults(const Plan& plan, const json::object& given, const ParameterStore* store) {
  if (store != nullptr) return {};
  const Identity nobody;
  for (const auto& parameter : plan.parameters) {
    if (!parameter.fallback || given.contains(parameter.name)) continue;
    const auto value = default_value(parameter, Scope{nobody, {}}, store);
    if (value) continue;
    auto error = base::invalid(
        fmt::format("{} cannot run here: parameter {}: {}.", plan.name, parameter.name, value.error().message));
    error.code = "InvalidParameters";
    return error;
  }
  return {};
}

json::object from_text_lists(const Plan& plan, const json::object& values) {
  json::object typed;
  for (const auto& [name, value] : values) {
    const auto* parameter = plan.find_parameter(name);
    typed[name] = parameter == nullptr ? value : from_texts(parameter->type, value);
  }
  return typed;
}

json::object mask_parameters(const Plan& plan, json::object values) {
  for (const auto& parameter : plan.parameters) {
    if (parameter.sensitive && values.contains(parameter.name)) values[parameter.name] = "********";
  }
  return values;
}

}  // namespace slipway::workflow
