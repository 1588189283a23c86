#include "surface/parallelcluster/bodies.h"
#include "surface/parallelcluster/errors.h"
#include "surface/parallelcluster/operations.h"

namespace slipway::surface::parallelcluster {

namespace {

bool is_wanted(const Call& call, const broker::Instance& instance) {
  const auto* type = call.text("nodeType");
  const auto* queue = call.text("queueName");
  return is_listed(instance) && (type == nullptr || *type == instance.role) &&
         (queue == nullptr || *queue == instance.queue);
}

}  // namespace

// An unknown cluster has no instances, and is no error.
net::Task<http::Response> describe_cluster_instances(const Context& context, Call call) {
  const auto region = CO_TRY(region_of(context, call));
  const auto environment = CO_TRY(context.environments.find(kType, region, call.cluster_name()));
  boost::json::array instances;
  if (environment) {
    for (const auto& instance : context.environments.instances(*environment)) {
      if (is_wanted(call, instance)) instances.push_back(cluster_instance(instance));
    }
  }
  co_return http::json_response(200, boost::json::object{{"instances", std::move(instances)}});
}

net::Task<http::Response> delete_cluster_instances(const Context& context, Call call) {
  const auto environment = cluster_of(context, call, kAdviceForce);
  const bool absent = !environment && environment.error().kind == base::ErrorKind::not_found;
  if (!environment && !(absent && call.flag("force"))) co_return environment.error();
  if (environment)
    CO_TRY(co_await context.environments.terminate_instances((*environment)->id, cause_of(call.request)));
  co_return http::Response{.status = 202, .headers = {}, .body = {}};
}

}  // namespace slipway::surface::parallelcluster
