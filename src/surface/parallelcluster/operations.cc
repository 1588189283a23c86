#include "surface/parallelcluster/operations.h"

#include "surface/parallelcluster/errors.h"
#include "surface/parallelcluster/region.h"

namespace slipway::surface::parallelcluster {

const boost::json::string* Call::text(std::string_view name) const {
  const auto* value = parameters.if_contains(name);
  return value == nullptr ? nullptr : value->if_string();
}

bool Call::flag(std::string_view name) const {
  return parameters.at(name).as_bool();
}

std::string Call::cluster_name() const {
  return std::string(parameters.at("clusterName").as_string());
}

broker::Cause cause_of(const http::Request& request) {
  return {.who = request.caller.name.empty() ? request.caller.id : request.caller.name,
          .surface = "parallelcluster",
          .operation = request.operation,
          .request_id = request.request_id,
          .correlation_id = request.correlation_id};
}

base::Result<std::string> region_of(const Context& context, const Call& call) {
  return choose_region(call.request.query_value("region"), std::nullopt, context.default_region,
                       [&](std::string_view region) { return context.environments.serves(region); });
}

base::Result<broker::EnvironmentPtr> cluster_of(const Context& context, const Call& call, std::string_view advice) {
  const auto region = TRY(region_of(context, call));
  const auto name = call.cluster_name();
  auto environment = TRY(context.environments.find(kType, region, name));
  if (!environment) return no_cluster(name, advice);
  return environment;
}

}  // namespace slipway::surface::parallelcluster
