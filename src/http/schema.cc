#include "http/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/text.h"

namespace slipway::http {

namespace json = boost::json;

namespace {
using Type = Schema::Type;
constexpr std::array<std::pair<std::string_view, Type>, 6> kTypes{{{"string", Type::string},
                                                                   {"integer", Type::integer},
                                                                   {"number", Type::number},
                                                                   {"boolean", Type::boolean},
                                                                   {"array", Type::array},
                                                                   {"object", Type::object}}};

// Say nothing about which values are right.
constexpr std::array<std::string_view, 9> kAnnotations{
    "description", "title", "example", "format", "deprecated", "readOnly", "writeOnly", "externalDocs", "xml"};

bool has_type(const json::value& value, Type type) {
  switch (type) {
    case Type::any:
      return true;
    case Type::string:
      return value.is_string();
    case Type::integer:
      return value.is_int64() || value.is_uint64();
    case Type::number:
      return value.is_number();
    case Type::boolean:
      return value.is_bool();
    case Type::array:
      return value.is_array();
    case Type::object:
      return value.is_object();
  }
}

double as_number(const json::value& value) {
  return value.to_number<double>();
}

std::int64_t code_points(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

// One value against one schema.
class Check {
 public:
  Check(const Schema& schema, const json::value& value, std::vector<std::string>& path,
        std::vector<SchemaViolation>& found)
      : schema_(schema), value_(value), path_(path), found_(found) {}

  void run() {
    if (value_.is_null() && schema_.nullable) return;
    if (!has_type(value_, schema_.type)) return add("type", json::string(to_string(schema_.type)));
    if (schema_.choices && std::ranges::find(*schema_.choices, value_) == schema_.choices->end()) {
      add("enum", *schema_.choices);
    }
    if (value_.is_string()) check_string(value_.get_string());
    if (value_.is_number()) check_number(as_number(value_));
    if (value_.is_array()) check_array(value_.get_array());
    if (value_.is_object()) check_object(value_.get_object());
  }

 private:
  void add(std::string_view keyword, json::value expected) {
    found_.push_back({path_, std::string(keyword), std::move(expected), value_});
  }

  void below(std::string_view key, const Schema& schema, const json::value& value) {
    path_.emplace_back(key);
    Check(schema, value, path_, found_).run();
    path_.pop_back();
  }

  void check_string(std::string_view text) {
    if (schema_.pattern && !schema_.pattern->matches(text)) add("pattern", json::string(schema_.pattern->text()));
    if (!schema_.min_length && !schema_.max_length) return;
    const auto length = code_points(text);
    if (schema_.min_length && length < *schema_.min_length) add("minLength", *schema_.min_length);
    if (schema_.max_length && length > *schema_.max_length) add("maxLength", *schema_.max_length);
  }

  void check_number(double number) {
    if (schema_.minimum && number < as_number(*schema_.minimum)) add("minimum", *schema_.minimum);
    if (schema_.maximum && number > as_number(*schema_.maximum)) add("maximum", *schema_.maximum);
  }

  void check_array(const json::array& items) {
    const auto size = static_cast<std::int64_t>(items.size());
    if (schema_.min_items && size < *schema_.min_items) add("minItems", *schema_.min_items);
    if (schema_.max_items && size > *schema_.max_items) add("maxItems", *schema_.max_items);
    if (schema_.unique_items && !all_different(items)) add("uniqueItems", true);
    if (!schema_.items) return;
    for (std::size_t i = 0; i < items.size(); ++i) below(std::to_string(i), *schema_.items, items[i]);
  }

  void check_object(const json::object& object) {
    for (const auto& [name, schema] : schema_.properties) {
      if (const auto* value = object.if_contains(name)) below(name, *schema, *value);
    }
    for (const auto& name : schema_.required) {
      if (!object.contains(name)) add("required", json::string(name));
    }
    if (schema_.additional_properties) return;
    for (const auto& member : object) {
      const auto known = [&](const auto& property) { return property.first == std::string_view(member.key()); };
      if (std::ranges::none_of(schema_.properties, known)) add("additionalProperties", json::string(member.key()));
    }
  }

  static bool all_different(const json::array& items) {
    std::unordered_set<json::value> seen;
    return std::ranges::all_of(items, [&](const json::value& item) { return seen.insert(item).second; });
  }

  const Schema& schema_;
  const json::value& value_;
  std::vector<std::string>& path_;
  std::vector<SchemaViolation>& found_;
};

base::Error wrong(const std::string& place, std::string_view what) {
  return base::invalid(fmt::format("{}: {}", place, what));
}

base::Result<std::int64_t> integer(const json::value& value, const std::string& place) {
  if (value.is_int64()) return value.get_int64();
  return wrong(place, "must be an integer");
}

base::Result<bool> boolean(const json::value& value, const std::string& place) {
  if (value.is_bool()) return value.get_bool();
  return wrong(place, "must be true or false");
}

base::Result<Type> type_named(const json::value& value, const std::string& place) {
  for (const auto& [name, type] : kTypes) {
    if (value.is_string() && value.get_string() == name) return type;
  }
  return wrong(place, "is not a type of OpenAPI 3.0");
}

base::Result<std::vector<std::string>> strings(const json::value& value, const std::string& place) {
  if (!value.is_array()) return wrong(place, "must be a list of texts");
  std::vector<std::string> texts;
  for (const auto& item : value.get_array()) {
    if (!item.is_string()) return wrong(place, "must be a list of texts");
    texts.emplace_back(item.get_string());
  }
  return texts;
}
}  // namespace

std::string_view to_string(Schema::Type type) {
  for (const auto& [name, known] : kTypes) {
    if (known == type) return name;
  }
  return "any";
}

void check_schema(const Schema& schema, const json::value& value, std::vector<std::string>& path,
                  std::vector<SchemaViolation>& found) {
  Check(schema, value, path, found).run();
}

base::Result<const json::object*> Schemas::resolve(const json::value& source, const std::string& place) const {
  if (!source.is_object()) return wrong(place, "must be a mapping");
  const auto* reference = source.get_object().if_contains("$ref");
  if (!reference) return &source.get_object();
  const std::string_view target = reference->is_string() ? std::string_view(reference->get_string()) : "";
  if (!target.starts_with("#/")) return wrong(place, "$ref must begin with #/");
  const json::object* at = &document_;
  for (const auto key : base::split(target.substr(2), '/')) {
    const auto* next = at->if_contains(key);
    if (!next || !next->is_object()) return wrong(place, fmt::format("$ref {} leads nowhere", target));
    at = &next->get_object();
  }
  return at;
}

base::Result<const Schema*> Schemas::compile(const json::value& source, const std::string& place) {
  const auto* object = TRY(resolve(source, place));
  const auto* reference = source.get_object().if_contains("$ref");
  if (reference) {
    const auto known = by_reference_.find(std::string_view(reference->get_string()));
    if (known != by_reference_.end()) return known->second;
  }
  auto& schema = *owned_.emplace_back(std::make_unique<Schema>());
  if (reference) by_reference_.emplace(std::string(reference->get_string()), &schema);
  TRY(fill(schema, *object, reference ? std::string(reference->get_string()) : place));
  return &std::as_const(schema);
}

base::Result<void> Schemas::fill(Schema& schema, const json::object& source, const std::string& place) {
  for (const auto& member : source) {
    const std::string_view keyword = member.key();
    TRY(fill_keyword(schema, keyword, member.value(), fmt::format("{}/{}", place, keyword)));
  }
  return {};
}

base::Result<void> Schemas::fill_keyword(Schema& schema, std::string_view keyword, const json::value& value,
                                         const std::string& place) {
  if (keyword == "type") {
    schema.type = TRY(type_named(value, place));
  } else if (keyword == "nullable") {
    schema.nullable = TRY(boolean(value, place));
  } else if (keyword == "enum") {
    if (!value.is_array()) return wrong(place, "must be a list");
    schema.choices = value.get_array();
  } else if (keyword == "pattern") {
    if (!value.is_string()) return wrong(place, "must be a text");
    schema.pattern = TRY(Pattern::compile(std::string(value.get_string())).with_context(place));
  } else if (keyword == "minimum" || keyword == "maximum") {
    if (!value.is_number()) return wrong(place, "must be a number");
    (keyword == "minimum" ? schema.minimum : schema.maximum) = value;
  } else if (keyword == "minLength") {
    schema.min_length = TRY(integer(value, place));
  } else if (keyword == "maxLength") {
    schema.max_length = TRY(integer(value, place));
  } else if (keyword == "minItems") {
    schema.min_items = TRY(integer(value, place));
  } else if (keyword == "maxItems") {
    schema.max_items = TRY(integer(value, place));
  } else if (keyword == "uniqueItems") {
    schema.unique_items = TRY(boolean(value, place));
  } else if (keyword == "items") {
    schema.items = TRY(compile(value, place));
  } else if (keyword == "properties") {
    if (!value.is_object()) return wrong(place, "must be a mapping");
    for (const auto& property : value.get_object()) {
      const std::string name(property.key());
      schema.properties.emplace_back(name, TRY(compile(property.value(), place + "/" + name)));
    }
  } else if (keyword == "required") {
    schema.required = TRY(strings(value, place));
  } else if (keyword == "additionalProperties") {
    schema.additional_properties = TRY(boolean(value, place));
  } else if (keyword == "default") {
    schema.default_value = value;
  } else if (std::ranges::find(kAnnotations, keyword) == kAnnotations.end() && !keyword.starts_with("x-")) {
    return wrong(place, "is a keyword that request checks do not know");
  }
  return {};
}

}  // namespace slipway::http
