#include "http/openapi.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <map>

#include "base/text.h"
#include "http/schema.h"

namespace slipway::http {

namespace json = boost::json;

namespace {
using Where = Violation::Where;

struct Parameter {
  std::string name;
  Where where = Where::query;
  bool required = false;
  char separator = ',';  // between the elements of an array in one value
  const Schema* schema = nullptr;
};

struct Body {
  bool required = false;
  const Schema* schema = nullptr;  // null: any JSON
};

struct Checks {
  std::vector<Parameter> parameters;
  std::optional<Body> body;
};

base::Error wrong(const std::string& place, std::string_view what) {
  return base::invalid(fmt::format("{}: {}", place, what));
}

const json::value* member(const json::object& object, std::string_view name) {
  return object.if_contains(name);
}

std::string text_or(const json::object& object, std::string_view name, std::string_view other) {
  const auto* value = member(object, name);
  return std::string(value && value->is_string() ? std::string_view(value->get_string()) : other);
}

bool is_true(const json::object& object, std::string_view name) {
  const auto* value = member(object, name);
  return value && value->is_bool() && value->get_bool();
}

// Builds the checks of one operation.
class Loader {
 public:
  explicit Loader(Schemas& schemas) : schemas_(schemas) {}

  base::Result<Checks> load(const json::object& path_item, const json::object& operation, const std::string& place) {
    Checks checks;
    for (const auto* owner : {&path_item, &operation}) {
      const auto* list = member(*owner, "parameters");
      if (!list) continue;
      if (!list->is_array()) return wrong(place, "parameters must be a list");
      for (const auto& source : list->get_array()) {
        checks.parameters.push_back(TRY(parameter(source, place + "/parameters")));
      }
    }
    if (const auto* source = member(operation, "requestBody")) checks.body = TRY(body(*source, place + "/requestBody"));
    return checks;
  }

 private:
  base::Result<Parameter> parameter(const json::value& source, const std::string& place) {
    const auto& object = *TRY(schemas_.resolve(source, place));
    Parameter parameter;
    parameter.name = text_or(object, "name", "");
    const auto in = text_or(object, "in", "");
    if (parameter.name.empty()) return wrong(place, "a parameter has no name");
    if (in != "path" && in != "query" && in != "header") return wrong(place, "`in` must be path, query or header");
    parameter.where = in == "path" ? Where::path : in == "query" ? Where::query : Where::header;
    parameter.required = is_true(object, "required");
    parameter.separator = text_or(object, "style", "form") == "spaceDelimited" ? ' ' : ',';
    const auto* schema = member(object, "schema");
    if (!schema) return wrong(place, fmt::format("parameter {} has no schema", parameter.name));
    parameter.schema = TRY(schemas_.compile(*schema, place + "/" + parameter.name));
    return parameter;
  }

  base::Result<Body> body(const json::value& source, const std::string& place) {
    const auto& object = *TRY(schemas_.resolve(source, place));
    const auto* content = member(object, "content");
    const auto* media = content && content->is_object() ? member(content->get_object(), "application/json") : nullptr;
    if (!media || !media->is_object()) return wrong(place, "request bodies are application/json");
    Body body{.required = is_true(object, "required")};
    if (const auto* schema = member(media->get_object(), "schema")) body.schema = TRY(schemas_.compile(*schema, place));
    return body;
  }

  Schemas& schemas_;
};

std::optional<json::value> to_boolean(const std::string& text) {
  const auto word = base::lower(text);
  if (word == "true") return true;
  if (word == "false") return false;
  return std::nullopt;
}

template <class T>
std::optional<json::value> to_number(const std::string& text) {
  T number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The text as its schema types it; nothing where it does not fit.
std::optional<json::value> typed(const std::string& text, const Schema& schema) {
  switch (schema.type) {
    case Schema::Type::boolean:
      return to_boolean(text);
    case Schema::Type::integer:
      return to_number<std::int64_t>(text);
    case Schema::Type::number:
      return to_number<double>(text);
    case Schema::Type::array:
    case Schema::Type::object:
    case Schema::Type::any:
    case Schema::Type::string:
      return json::string(text);
  }
}

bool is_json_type(std::string_view content_type) {
  const auto type = base::lower(base::trim(content_type.substr(0, content_type.find(';'))));
  return type == "application/json" || (type.starts_with("application/") && type.ends_with("+json"));
}

// One request against the checks of its operation.
class RequestCheck {
 public:
  RequestCheck(Request& request, OpenApi::Checked& checked) : request_(request), checked_(checked) {}

  void run(const Checks& checks) {
    for (const auto& parameter : checks.parameters) check(parameter);
    if (checks.body) check(*checks.body);
    find_unknown(checks.parameters);
  }

 private:
  std::vector<std::string> texts(const Parameter& parameter) const {
    std::vector<std::string> found;
    if (parameter.where == Where::query) {
      for (const auto& [name, value] : request_.query) {
        if (name == parameter.name) found.push_back(value);
      }
    } else if (parameter.where == Where::path) {
      const auto value = request_.path_parameters.find(parameter.name);
      if (value != request_.path_parameters.end()) found.push_back(value->second);
    } else if (const auto* value = request_.header(parameter.name)) {
      found.push_back(*value);
    }
    return found;
  }

  void find_unknown(const std::vector<Parameter>& parameters) {
    json::array known;  // filled for the first that is not
    for (const auto& [name, value] : request_.query) {
      const auto is_it = [&](const Parameter& one) { return one.where == Where::query && one.name == name; };
      if (std::ranges::any_of(parameters, is_it)) continue;
      if (known.empty()) {
        for (const auto& one : parameters) {
          if (one.where == Where::query) known.emplace_back(one.name);
        }
      }
      checked_.unknown.push_back({Where::query, name, {}, "unknown", known, json::string(value)});
    }
  }

  void check(const Parameter& parameter) {
    const auto found = texts(parameter);
    if (found.empty()) {
      if (parameter.required) add(parameter, {{}, "required", json::string(parameter.name), nullptr});
      if (parameter.schema->default_value) checked_.parameters[parameter.name] = *parameter.schema->default_value;
      return;
    }
    auto value =
        parameter.schema->type == Schema::Type::array ? array(parameter, found) : scalar(parameter, found.back());
    if (!value) return;
    std::vector<std::string> path;
    std::vector<SchemaViolation> violations;
    check_schema(*parameter.schema, *value, path, violations);
    for (auto& violation : violations) add(parameter, std::move(violation));
    checked_.parameters[parameter.name] = std::move(*value);
  }

  std::optional<json::value> scalar(const Parameter& parameter, const std::string& text) {
    auto value = typed(text, *parameter.schema);
    if (!value) add_wrong_type(parameter, {}, text, *parameter.schema);
    return value;
  }

  std::optional<json::value> array(const Parameter& parameter, const std::vector<std::string>& found) {
    static const Schema any;
    const auto& schema = parameter.schema->items ? *parameter.schema->items : any;
    json::array items;
    for (const auto& text : found) {
      for (const auto piece : base::split(text, parameter.separator)) {
        auto value = typed(std::string(piece), schema);
        if (!value) {
          add_wrong_type(parameter, {std::to_string(items.size())}, piece, schema);
          return std::nullopt;
        }
        items.push_back(std::move(*value));
      }
    }
    return items;
  }

  void add_wrong_type(const Parameter& parameter, std::vector<std::string> path, std::string_view text,
                      const Schema& schema) {
    add(parameter, {std::move(path), "type", json::string(to_string(schema.type)), json::string(text)});
  }

  void add(const Parameter& parameter, SchemaViolation violation) {
    add(parameter.where, parameter.name, std::move(violation));
  }

  void add(Where where, std::string name, SchemaViolation violation) {
    checked_.violations.push_back({where, std::move(name), std::move(violation.path), std::move(violation.keyword),
                                   std::move(violation.expected), std::move(violation.instance)});
  }

  void check(const Body& body) {
    if (request_.body.empty()) {
      if (body.required) add(Where::body, "", {{}, "requestBody", nullptr, nullptr});
      return;
    }
    const auto* content_type = request_.header("content-type");
    if (!content_type || !is_json_type(*content_type)) {
      const json::value given = content_type ? json::value(json::string(*content_type)) : json::value(nullptr);
      return add(Where::body, "", {{}, "contentType", json::string("application/json"), given});
    }
    if (!request_.json && !parse_body()) return add(Where::body, "", {{}, "json", nullptr, nullptr});
    if (!body.schema) return;
    std::vector<std::string> path;
    std::vector<SchemaViolation> violations;
    check_schema(*body.schema, *request_.json, path, violations);
    for (auto& violation : violations) add(Where::body, "", std::move(violation));
  }

  bool parse_body() {
    boost::system::error_code failure;
    json::parse_options options;
    options.max_depth = 64;
    auto value = json::parse(request_.body, failure, {}, options);
    if (failure) return false;
    request_.json = std::move(value);
    return true;
  }

  Request& request_;
  OpenApi::Checked& checked_;
};

bool is_method(std::string_view key) {
  return key == "get" || key == "put" || key == "post" || key == "delete" || key == "patch" || key == "head" ||
         key == "options";
}

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(c - 'a' + 'A');
  return text;
}
}  // namespace

struct OpenApi::Impl {
  std::unique_ptr<Schemas> schemas;
  std::vector<Operation> operations;
  std::map<std::string, Checks, std::less<>> checks;
};

OpenApi::OpenApi(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
OpenApi::OpenApi(OpenApi&&) noexcept = default;
OpenApi& OpenApi::operator=(OpenApi&&) noexcept = default;
OpenApi::~OpenApi() = default;

base::Result<OpenApi> OpenApi::load(std::string_view json_text) {
  boost::system::error_code failure;
  const auto document = json::parse(json_text, failure);
  if (failure || !document.is_object()) return base::invalid("the OpenAPI document is no JSON object");
  auto impl = std::make_unique<Impl>();
  impl->schemas = std::make_unique<Schemas>(document.get_object());
  Loader loader(*impl->schemas);
  const auto* paths = member(document.get_object(), "paths");
  if (!paths || !paths->is_object()) return base::invalid("the OpenAPI document has no paths");
  for (const auto& path : paths->get_object()) {
    const auto place = fmt::format("paths/{}", std::string_view(path.key()));
    if (!path.value().is_object()) return wrong(place, "must be a mapping");
    for (const auto& entry : path.value().get_object()) {
      if (!is_method(entry.key())) continue;
      const auto here = fmt::format("{}/{}", place, std::string_view(entry.key()));
      if (!entry.value().is_object()) return wrong(here, "must be a mapping");
      const auto& source = entry.value().get_object();
      const auto id = text_or(source, "operationId", "");
      auto checks = TRY(loader.load(path.value().get_object(), source, here));
      if (id.empty() || !impl->checks.emplace(id, std::move(checks)).second) {
        return wrong(here, "operationId is missing or stands twice");
      }
      impl->operations.push_back({id, upper(std::string(entry.key())), std::string(path.key())});
    }
  }
  return OpenApi(std::move(impl));
}

const std::vector<OpenApi::Operation>& OpenApi::operations() const {
  return impl_->operations;
}

OpenApi::Checked OpenApi::check(Request& request) const {
  Checked checked;
  RequestCheck(request, checked).run(impl_->checks.at(request.operation));
  return checked;
}

std::string describe(const Violation& violation) {
  std::string where = violation.where == Where::body ? "body" : base::excerpt(violation.name);
  for (const auto& key : violation.path) where += "." + base::excerpt(key);
  const auto instance = base::excerpt(json::serialize(violation.instance));
  const auto expected = json::serialize(violation.expected);
  const auto& keyword = violation.keyword;
  if (keyword == "requestBody") return "A request body is required.";
  if (keyword == "contentType") return "The request body must be application/json.";
  if (keyword == "json") return "The request body is not valid JSON.";
  if (keyword == "unknown") {
    std::vector<std::string> known;
    for (const auto& name : violation.expected.as_array()) known.emplace_back(name.as_string());
    return fmt::format("There is no query parameter {}; {}.", where,
                       known.empty() ? "there is none" : "there are " + base::join(known, ", "));
  }
  if (keyword == "required" && violation.where != Where::body) return fmt::format("Parameter {} is required.", where);
  if (keyword == "required") return fmt::format("{}: {} is required.", where, expected);
  if (keyword == "type") return fmt::format("{}: {} is not of type {}.", where, instance, expected);
  if (keyword == "enum") return fmt::format("{}: {} is not one of {}.", where, instance, expected);
  if (keyword == "pattern") return fmt::format("{}: {} does not match {}.", where, instance, expected);
  if (keyword == "uniqueItems") return fmt::format("{}: {} has equal elements.", where, instance);
  if (keyword == "additionalProperties") return fmt::format("{}: {} is not known.", where, base::excerpt(expected));
  return fmt::format("{}: {} breaks {} {}.", where, instance, keyword, expected);
}

}  // namespace slipway::http
