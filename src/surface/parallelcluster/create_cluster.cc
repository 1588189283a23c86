#include <algorithm>

#include "surface/parallelcluster/bodies.h"
#include "surface/parallelcluster/configuration.h"
#include "surface/parallelcluster/errors.h"
#include "surface/parallelcluster/operations.h"
#include "surface/parallelcluster/region.h"
#include "surface/parallelcluster/validators.h"

namespace slipway::surface::parallelcluster {

namespace {

constexpr std::string_view kUnknownInstanceType = "UnknownInstanceType";  // a provider's code

Suppressed suppressed_by(const Call& call) {
  Suppressed suppressed;
  if (const auto* given = call.parameters.if_contains("suppressValidators")) {
    for (const auto& entry : given->as_array()) suppressed.emplace_back(std::string_view(entry.as_string()));
  }
  return suppressed;
}

Level failure_level(const Call& call) {
  const auto* given = call.text("validationFailureLevel");
  return given == nullptr ? Level::error : level_from(*given);
}

broker::LaunchRequest launch_request(const Call& call, std::string region, std::string name, std::string text,
                                     Configuration configuration) {
  return {.cause = cause_of(call.request),
          .type = std::string(kType),
          .region = std::move(region),
          .name = std::move(name),
          .parameters = {{"Configuration", std::move(configuration.effective)},
                         {"RollbackOnFailure", call.flag("rollbackOnFailure")}},
          .tags = std::move(configuration.tags),
          .request_document = std::move(text)};
}

http::Response accepted(const broker::Environment& environment, const std::vector<ValidationMessage>& results) {
  boost::json::object body{{"cluster", cluster_summary(environment, "CREATE_IN_PROGRESS")}};
  if (!results.empty()) body["validationMessages"] = validation_messages(results);
  return http::json_response(202, body);
}

}  // namespace

// The order of the checks is the reference's (contract, 4.4).
net::Task<http::Response> create_cluster(const Context& context, Call call) {
  const auto& body = call.request.json->as_object();
  const std::string name(body.at("clusterName").as_string());
  std::string text(body.at("clusterConfiguration").as_string());

  const auto document = parse_configuration(text);
  const auto configured = document ? configuration_region(*document) : std::nullopt;
  auto region = CO_TRY(choose_region(call.request.query_value("region"), configured, context.default_region,
                                     [&](std::string_view asked) { return context.environments.serves(asked); }));
  if (!text.empty() && CO_TRY(context.environments.find(kType, region, name))) co_return cluster_exists(name);
  if (!document) co_return document.error();
  const auto problems = check_configuration(*document);
  if (!problems.empty()) co_return schema_failure(problems);

  auto configuration = read_configuration(*document);
  const auto results = validate(name, configuration, suppressed_by(call));
  auto launch = context.environments.check(
      launch_request(call, std::move(region), name, std::move(text), std::move(configuration)));
  // Unknown instance types come before the validators, which need their facts; whatever else a place refuses, behind.
  if (!launch && launch.error().code == kUnknownInstanceType) co_return unusable_configuration(launch.error().message);
  const auto refuses = [level = failure_level(call)](const ValidationMessage& result) { return result.level >= level; };
  if (std::ranges::any_of(results, refuses)) co_return validation_failure(results);
  if (!launch && launch.error().kind == base::ErrorKind::invalid) {
    co_return unusable_configuration(launch.error().message);
  }
  if (!launch) co_return std::move(launch).error();
  if (call.flag("dryrun")) co_return dry_run(results);

  auto environment = co_await context.environments.launch(std::move(launch).value());
  // Somebody else was faster.
  if (!environment && environment.error().kind == base::ErrorKind::conflict) co_return cluster_exists(name);
  if (!environment) co_return std::move(environment).error();
  co_return accepted(**environment, results);
}

}  // namespace slipway::surface::parallelcluster
