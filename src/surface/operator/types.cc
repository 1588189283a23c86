#include "broker/types.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "broker/type_files.h"
#include "surface/operator/operations.h"

namespace slipway::surface::operator_api {

namespace {

using boost::json::array;
using boost::json::object;

// Whose documents run decides what is done, so it takes one who may do everything.
base::Result<void> require_right_to_types(const http::Request& request) {
  if (request.caller.types) return {};
  base::Error error;
  error.kind = base::ErrorKind::forbidden;
  error.message = fmt::format(
      "{} may not change environment types; use a key with the right to: slipway key create NAME --rights types.",
      request.caller.name);
  return error;
}

object parameter_body(const workflow::Declaration& declaration) {
  const auto& parameter = declaration.parameter;
  object body{{"name", parameter.name},
              {"type", workflow::to_string(parameter.type)},
              {"title", declaration.title},
              {"description", declaration.description},
              {"required", !parameter.fallback && !declaration.when},
              {"conditional", declaration.when.has_value()},
              {"sensitive", parameter.sensitive}};
  if (declaration.when) body["when"] = declaration.condition;
  if (parameter.fallback && !parameter.sensitive) body["default"] = *parameter.fallback;
  if (!parameter.allowed_values.empty()) {
    body["allowedValues"] = array(parameter.allowed_values.begin(), parameter.allowed_values.end());
  }
  if (parameter.allowed_pattern) body["allowedPattern"] = parameter.allowed_pattern->text();
  for (const auto& [bound, value] : parameter.bounds) body[bound] = value;
  return body;
}

object summary_body(const broker::EnvironmentType& type) {
  return {{"name", type.name}, {"version", type.version}, {"sha256", type.sha256}, {"title", type.title}};
}

object shown_values(const broker::EnvironmentType& type, object values) {
  for (auto& [name, value] : values) {
    const auto* declared = type.find_parameter(name);
    if (declared != nullptr && declared->parameter.sensitive) value = workflow::kHidden;
  }
  return values;
}

object type_body(const broker::EnvironmentType& type) {
  auto body = summary_body(type);
  body["description"] = type.description;
  array parameters, configurations, providers;
  for (const auto& parameter : type.parameters) parameters.push_back(parameter_body(parameter));
  for (const auto& one : type.configurations) {
    configurations.push_back({{"name", one.name},
                              {"title", one.title},
                              {"description", one.description},
                              {"parameters", shown_values(type, one.parameters)}});
  }
  for (const auto& [provider, documents] : type.documents) {
    array operations;
    for (const auto& [operation, plan] : documents.operations) operations.emplace_back(operation);
    providers.push_back({{"name", provider}, {"operations", std::move(operations)}});
  }
  body["parameters"] = std::move(parameters);
  body["configurations"] = std::move(configurations);
  body["providers"] = std::move(providers);
  return body;
}

object state_body(const broker::TypeState& state) {
  object body{{"name", state.name}};
  if (state.current) body = summary_body(*state.current);
  for (const auto& [key, text] :
       {std::pair{"source", state.source}, {"folder", state.folder}, {"problem", state.problem}}) {
    if (!text.empty()) body[key] = text;
  }
  return body;
}

// The audit record of a change of which version is current.
broker::TypeRegistry::Beside record(const Call& call, const std::string& name) {
  return [&services = call.services, cause = cause_of(call.request), name](storage::Connection& connection, int before,
                                                                           int after) {
    return services.environments.record(connection, cause, "type " + name,
                                        before == 0 ? object{} : object{{"version", before}}, {{"version", after}});
  };
}

net::Task<http::Response> list_types(Call call) {
  array types;
  for (const auto& state : call.services.types.list()) types.push_back(state_body(state));
  co_return http::json_response(200, object{{"types", std::move(types)}});
}

net::Task<http::Response> show_type(Call call) {
  const auto* version = call.parameters.if_contains("version");
  const auto name = call.text("name");
  auto type = co_await call.services.types.load(name, version == nullptr ? 0 : call.number("version"));
  if (!type) {
    if (type.error().field == "type" || type.error().field == "version")
      co_return base::not_found(type.error().message);
    co_return std::move(type).error();
  }
  co_return http::json_response(200, type_body(**type));
}

net::Task<http::Response> list_versions(Call call) {
  const auto name = call.text("name");
  const auto rows = CO_TRY(call.services.types.versions(name));
  const auto current = call.services.types.find(name);
  array versions;
  for (const auto& row : rows) {
    versions.push_back({{"version", row.version},
                        {"sha256", row.sha256},
                        {"source", row.source},
                        {"createdAt", base::iso8601(row.created_at)},
                        {"createdBy", row.created_by},
                        {"current", current && current->version == row.version}});
  }
  co_return http::json_response(200, object{{"versions", std::move(versions)}});
}

net::Task<http::Response> push_type(Call call) {
  CO_TRY(require_right_to_types(call.request));
  const auto name = call.text("name");
  auto files = CO_TRY(broker::files_from_json(name, call.body().at("files").as_object()));
  const auto cause = cause_of(call.request);
  const auto type = CO_TRY(co_await call.services.types.push(std::move(files), cause.who, record(call, name)));
  co_return http::json_response(200, type_body(*type));
}

net::Task<http::Response> promote_type(Call call) {
  CO_TRY(require_right_to_types(call.request));
  const auto name = call.text("name");
  const auto version = call.body().at("version").to_number<int>();
  const auto type = CO_TRY(co_await call.services.types.promote(name, version, record(call, name)));
  co_return http::json_response(200, summary_body(*type));
}

net::Task<http::Response> rollback_type(Call call) {
  CO_TRY(require_right_to_types(call.request));
  const auto name = call.text("name");
  const auto type = CO_TRY(co_await call.services.types.rollback(name, record(call, name)));
  co_return http::json_response(200, summary_body(*type));
}

net::Task<http::Response> remove_type(Call call) {
  CO_TRY(require_right_to_types(call.request));
  const auto name = call.text("name");
  const int version = call.parameters.contains("version") ? call.number("version") : 0;
  const auto beside = [&services = call.services, cause = cause_of(call.request), name](
                          storage::Connection& connection, const std::vector<int>& removed) {
    return services.environments.record(connection, cause, "type " + name,
                                        {{"versions", array(removed.begin(), removed.end())}}, {});
  };
  const auto removed = CO_TRY(co_await call.services.types.remove(name, version, beside));
  co_return http::json_response(200, object{{"name", name}, {"removed", array(removed.begin(), removed.end())}});
}

}  // namespace

Operations type_operations() {
  return {{"ListTypes", list_types},  {"ShowType", show_type},       {"ListTypeVersions", list_versions},
          {"PushType", push_type},    {"PromoteType", promote_type}, {"RollBackType", rollback_type},
          {"RemoveType", remove_type}};
}

}  // namespace slipway::surface::operator_api
