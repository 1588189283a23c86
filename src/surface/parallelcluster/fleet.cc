#include <fmt/format.h>

#include "surface/parallelcluster/operations.h"
#include "surface/parallelcluster/status.h"

namespace slipway::surface::parallelcluster {

namespace {

http::Response fleet_response(const broker::Environment& environment, std::string_view status) {
  boost::json::object body;
  if (status != "UNKNOWN") body["lastStatusUpdatedTime"] = base::iso8601(environment.fleet_updated_at);
  body["status"] = status;
  return http::json_response(200, body);
}

// START_REQUESTED or STOP_REQUESTED; the rest of the enumeration is for awsbatch.
base::Result<broker::Fleet> wanted_fleet(std::string_view status) {
  if (status == "START_REQUESTED") return broker::Fleet::running;
  if (status == "STOP_REQUESTED") return broker::Fleet::stopped;
  return base::invalid(
      "the update compute fleet status can only be set to `START_REQUESTED` or `STOP_REQUESTED` for Slurm scheduler "
      "clusters.");
}

std::string_view doing(broker::Fleet fleet) {
  return fleet == broker::Fleet::running ? "starting" : "stopping";
}

base::Result<void> check_changeable(const broker::Environment& environment, broker::Fleet wanted) {
  const auto stack = stack_status(environment);
  if (fleet_is_changeable(stack)) return {};
  return base::invalid(
      fmt::format("Failed when {} compute fleet with error: Cannot {} compute fleet while stack is in {} status.",
                  doing(wanted), wanted == broker::Fleet::running ? "start/enable" : "stop/disable", stack));
}

}  // namespace

net::Task<http::Response> describe_compute_fleet(const Context& context, Call call) {
  const auto environment = CO_TRY(cluster_of(context, call));
  const bool readable = fleet_is_readable(stack_status(*environment));
  const auto status = readable ? context.environments.fleet(*environment) : broker::FleetStatus::unknown;
  co_return fleet_response(*environment, to_string(status));
}

net::Task<http::Response> update_compute_fleet(const Context& context, Call call) {
  auto environment = CO_TRY(cluster_of(context, call));
  const std::string requested(call.request.json->as_object().at("status").as_string());
  const auto wanted = CO_TRY(wanted_fleet(requested));
  CO_TRY(check_changeable(*environment, wanted));
  auto changed = co_await context.environments.set_fleet(environment->id, wanted, cause_of(call.request));
  if (!changed && changed.error().kind == base::ErrorKind::conflict) {
    co_return base::invalid(fmt::format(
        "Failed when {} compute fleet due to a concurrent update of the status. Please retry the operation.",
        doing(wanted)));
  }
  environment = CO_TRY(std::move(changed));
  const auto status = context.environments.fleet(*environment);
  co_return fleet_response(*environment,
                           status == broker::FleetStatus::unknown ? std::string_view(requested) : to_string(status));
}

}  // namespace slipway::surface::parallelcluster
