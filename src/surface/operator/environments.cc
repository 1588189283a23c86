#include <fmt/format.h>

#include <boost/json/parse.hpp>

#include "broker/why.h"
#include "config/reader.h"
#include "surface/operator/operations.h"

namespace slipway::surface::operator_api {

namespace {

using boost::json::object;

net::Task<http::Response> list_environments(Call call) {
  storage::EnvironmentFilter filter{
      .type = call.text("type"), .region = call.text("region"), .status = call.text("status")};
  const auto page =
      CO_TRY(co_await call.services.environments.list(std::move(filter), call.text("nextToken"), call.number("limit")));
  boost::json::array listed;
  for (const auto& environment : page.environments) listed.push_back(broker::to_json(*environment));
  object body{{"environments", std::move(listed)}};
  if (!page.next.empty()) body["nextToken"] = page.next;
  co_return http::json_response(200, body);
}

base::Result<std::chrono::milliseconds> time_to_live(const object& body) {
  auto time = config::parse_duration(body.at("timeToLive").as_string());
  if (time) return time;
  return base::invalid(fmt::format("timeToLive: {}", time.error().message), "timeToLive");
}

std::string member(const object& body, std::string_view name, std::string otherwise = {}) {
  const auto* value = body.if_contains(name);
  return value == nullptr ? otherwise : std::string(value->get_string());
}

net::Task<http::Response> launch_environment(Call call) {
  const auto& body = call.body();
  broker::LaunchRequest request{.cause = cause_of(call.request),
                                .type = member(body, "type"),
                                .region = member(body, "region", "local"),
                                .name = member(body, "name"),
                                .configuration = member(body, "configuration"),
                                .parameters = {},
                                .tags = {},
                                .request_document = call.request.body};
  if (const auto* version = body.if_contains("version")) request.version = version->to_number<int>();
  if (body.contains("timeToLive")) request.time_to_live = CO_TRY(time_to_live(body));
  if (const auto* parameters = body.if_contains("parameters")) request.parameters = parameters->get_object();
  if (const auto* tags = body.if_contains("tags")) {
    for (const auto& [key, value] : tags->get_object()) {
      if (!value.is_string()) co_return base::invalid("The values of tags are texts.", "tags");
      request.tags[key] = std::string(value.get_string());
    }
  }
  auto& environments = call.services.environments;
  // An older version is parsed where nobody waits for it.
  if (request.version > 0) CO_TRY(co_await call.services.types.load(request.type, request.version));
  auto launch = CO_TRY(environments.check(std::move(request)));
  const auto environment = CO_TRY(co_await environments.launch(std::move(launch)));
  co_return http::json_response(202, broker::to_json(*environment));
}

// Of a launch through this API, whose document is its body; empty where it named none.
std::string configuration_of(const broker::Environment& environment) {
  boost::system::error_code failed;
  const auto document = boost::json::parse(environment.request_document, failed);
  if (failed || !document.is_object()) return {};
  const auto* named = document.get_object().if_contains("configuration");
  return named == nullptr || !named->is_string() ? std::string() : std::string(named->get_string());
}

net::Task<http::Response> describe_environment(Call call) {
  const auto environment = CO_TRY(call.services.environments.resolve(call.text("environment")));
  auto body = broker::to_json(*environment);
  body["outputs"] = broker::shown_outputs(*environment);
  if (const auto named = configuration_of(*environment); !named.empty()) body["configuration"] = named;
  // Its type says which ones are sensitive; without it none is shown.
  const auto type = co_await call.services.types.load(environment->type, environment->type_version);
  if (type) body["parameters"] = broker::shown_parameters(*environment, **type);
  co_return http::json_response(200, body);
}

using Change = net::Task<broker::EnvironmentPtr> (broker::Environments::*)(base::EnvironmentId, broker::Cause);

net::Task<http::Response> change_environment(Call call, Change change) {
  auto& environments = call.services.environments;
  const auto found = CO_TRY(environments.resolve(call.text("environment")));
  const auto environment = CO_TRY(co_await (environments.*change)(found->id, cause_of(call.request)));
  co_return http::json_response(202, broker::to_json(*environment));
}

net::Task<http::Response> terminate_environment(Call call) {
  return change_environment(std::move(call), &broker::Environments::terminate);
}

net::Task<http::Response> start_environment(Call call) {
  return change_environment(std::move(call), &broker::Environments::start);
}

net::Task<http::Response> stop_environment(Call call) {
  return change_environment(std::move(call), &broker::Environments::stop);
}

net::Task<http::Response> explain_environment(Call call) {
  const auto explanation = CO_TRY(co_await call.services.environments.explain(call.text("environment")));
  co_return http::json_response(200, broker::to_json(explanation));
}

net::Task<http::Response> extend_environment(Call call) {
  const auto time = CO_TRY(time_to_live(call.body()));
  const auto found = CO_TRY(call.services.environments.resolve(call.text("environment")));
  const auto extended =
      CO_TRY(co_await call.services.environments.lifetimes().extend(found->id, time, cause_of(call.request)));
  co_return http::json_response(200, broker::to_json(*extended));
}

}  // namespace

Operations environment_operations() {
  return {{"ListEnvironments", list_environments},       {"LaunchEnvironment", launch_environment},
          {"DescribeEnvironment", describe_environment}, {"TerminateEnvironment", terminate_environment},
          {"StartEnvironment", start_environment},       {"StopEnvironment", stop_environment},
          {"ExtendEnvironment", extend_environment},     {"ExplainEnvironment", explain_environment}};
}

}  // namespace slipway::surface::operator_api
