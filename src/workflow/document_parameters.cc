// Parameters and variables of a document.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "base/text.h"
#include "workflow/document_reader.h"
#include "workflow/parameters.h"

namespace slipway::workflow {

namespace json = boost::json;
using base::YamlNode;

namespace {

constexpr std::size_t kMostParameters = 200;
constexpr std::size_t kLongestName = 50;
// What the service takes as a variable's value; more works here.
constexpr std::size_t kServiceChars = 512;
constexpr std::size_t kServiceTexts = 50;
constexpr std::size_t kServiceMaps = 200;

bool may_stand_in_default(const Reference& reference, Type type) {
  if (reference.kind == Reference::Kind::ssm) return type == Type::string || type == Type::string_list;
  return reference.kind == Reference::Kind::global || reference.kind == Reference::Kind::automation;
}

// True where the default holds references, which have their values at the start only.
bool check_default_references(const YamlNode& node, Fields& fields, const Parameter& parameter, Reading& reading) {
  const auto before = reading.uses.size();
  reading.collect(node, kEnd, fields.pointer("default"));
  const bool refers = reading.uses.size() > before;
  for (auto use = before; use < reading.uses.size(); ++use) {
    const auto& reference = reading.uses[use].reference;
    if (may_stand_in_default(reference, parameter.type)) continue;
    const bool from_store = reference.kind == Reference::Kind::ssm;
    fields.problem(from_store ? "E-SSMREF" : "E-REF", "default",
                   from_store
                       ? fmt::format("{} may stand in the default of a String or StringList only", reference.text())
                       : fmt::format("a default may refer to system variables only, not to {}", reference.text()));
  }
  reading.uses.resize(before);
  return refers;
}

void read_default(Fields& fields, Parameter& parameter, Reading& reading) {
  const auto* node = fields.find("default");
  if (node == nullptr) return;
  const bool refers = check_default_references(*node, fields, parameter, reading);
  auto value = node->to_json();
  parameter.fallback = refers ? value : from_text(parameter.type, std::move(value));
  if (refers) return;
  for (const auto& violation : violations(parameter, *parameter.fallback, true)) {
    fields.problem(has_type(parameter.type, *parameter.fallback) ? "E-PAT" : "E-TYPE", "default",
                   fmt::format("default: {}", violation));
  }
}

void read_allowed_values(Fields& fields, Parameter& parameter, Reading& reading) {
  const auto* values = fields.find("allowedValues");
  if (values == nullptr) return;
  const Type single = parameter.type == Type::string_list ? Type::string : parameter.type;
  for (const auto& item : values->items) {
    auto value = item.to_json();
    const bool fits = parameter.type == Type::map_list ? value.is_object() : has_type(single, value);
    if (!fits) {
      reading.problems.add("E-TYPE", fields.pointer("allowedValues"), item.mark,
                           fmt::format("'{}' is not of type {}", base::excerpt(to_text(value)), to_string(single)));
    }
    parameter.allowed_values.push_back(std::move(value));
  }
  if (!values->is_sequence() || values->items.empty()) {
    fields.problem("E-TYPE", "allowedValues", "allowedValues must be a list with at least one value");
  }
}

void read_allowed_pattern(Fields& fields, Parameter& parameter) {
  const auto text = fields.text("allowedPattern");
  if (!text) return;
  auto pattern = Pattern::compile(*text);
  if (!pattern) {
    return fields.problem("E-PAT", "allowedPattern",
                          fmt::format("the pattern does not compile: {}", pattern.error().message));
  }
  if (!pattern->anchored()) {
    fields.problem("W-PAT", "allowedPattern", "the pattern has no ^ and $; it is matched against the whole value");
  }
  parameter.allowed_pattern = std::move(*pattern);
}

void read_bounds(Fields& fields, Parameter& parameter) {
  for (const auto* bound : {"minItems", "maxItems", "minChars", "maxChars", "minValue", "maxValue"}) {
    const auto least = std::string_view(bound).ends_with("Value") ? INT64_MIN : 0;
    if (const auto number = fields.integer(bound, least, INT64_MAX)) parameter.bounds[bound] = *number;
  }
}

bool is_good_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName &&
         std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

std::optional<Type> read_type(Fields& fields, bool with_aws_names) {
  const auto type = fields.text("type");
  auto known = type ? type_from(*type) : std::nullopt;
  if (known && !with_aws_names && type->find("AWS::") != std::string::npos) known = std::nullopt;
  if (!known && fields.is_mapping()) {
    fields.problem("E-TYPE", "type",
                   fmt::format("{}; there are String, StringList, Integer, Boolean, StringMap and MapList",
                               type ? fmt::format("type '{}' is unknown", base::excerpt(*type)) : "type is missing"));
  }
  return known;
}

// What parameters and variables have in common.
Parameter read_declared(const YamlNode::Member& member, Fields& fields, bool with_aws_names, Reading& reading) {
  Parameter parameter;
  parameter.name = member.key;
  const auto known = read_type(fields, with_aws_names);
  parameter.type = known.value_or(Type::string);
  parameter.sensitive = fields.boolean("sensitive", is_sensitive(member.key));
  fields.ignore("description");
  read_allowed_values(fields, parameter, reading);
  read_allowed_pattern(fields, parameter);
  read_bounds(fields, parameter);
  if (known) {
    read_default(fields, parameter, reading);
  } else {
    fields.ignore("default");
  }
  return parameter;
}

void check_name(const YamlNode::Member& member, std::string_view what, const Fields& fields, Reading& reading) {
  if (is_good_name(member.key)) return;
  reading.problems.add("E-NAME", fields.pointer(), member.mark,
                       fmt::format("'{}' is no {} name: letters, digits and _, at most {}", base::excerpt(member.key),
                                   what, kLongestName));
}

// The members of the mapping at `key`; null and a problem where it is no mapping or too long.
const YamlNode* find_each(Fields& fields, std::string_view key) {
  const auto* node = fields.find(key);
  if (node == nullptr) return nullptr;
  if (!node->is_mapping()) {
    fields.problem("E-TYPE", key, fmt::format("{} must be a mapping by name", key));
    return nullptr;
  }
  if (node->members.size() > kMostParameters) {
    fields.problem("E-LIMIT", key, fmt::format("more than {} {}", kMostParameters, key));
    return nullptr;
  }
  return node;
}

bool is_beyond_the_service(const json::value& value) {
  if (value.is_string()) return value.get_string().size() > kServiceChars;
  const auto* list = value.if_array();
  if (list == nullptr || list->empty()) return false;
  return list->size() > (list->front().is_object() ? kServiceMaps : kServiceTexts);
}

}  // namespace

Parameter read_parameter(const YamlNode::Member& member, Fields& fields, Reading& reading) {
  check_name(member, "parameter", fields, reading);
  for (const auto* ignored : {"displayType", "interpolationType"}) fields.ignore(ignored);
  return read_declared(member, fields, true, reading);
}

void read_parameters(Fields& fields, Reading& reading) {
  const auto* node = find_each(fields, "parameters");
  if (node == nullptr) return;
  for (const auto& member : node->members) {
    Fields declared(member.value, "/parameters/" + pointer_part(member.key), "parameter " + member.key,
                    reading.problems);
    reading.plan.parameters.push_back(read_parameter(member, declared, reading));
    declared.refuse_rest();
  }
}

void read_variables(Fields& fields, Reading& reading) {
  const auto* node = find_each(fields, "variables");
  if (node == nullptr) return;
  for (const auto& member : node->members) {
    Fields declared(member.value, "/variables/" + pointer_part(member.key), "variable " + member.key, reading.problems);
    check_name(member, "variable", declared, reading);
    auto variable = read_declared(member, declared, false, reading);
    declared.refuse_rest();
    if (variable.fallback && is_beyond_the_service(*variable.fallback)) {
      declared.problem("W-LIMIT", "default",
                       fmt::format("the value is beyond what the service takes: {} characters, {} texts or {} maps",
                                   kServiceChars, kServiceTexts, kServiceMaps));
    }
    reading.plan.variables.push_back(std::move(variable));
  }
}

}  // namespace slipway::workflow
