#include "provider/local/slurm/actions.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "provider/local/action.h"
#include "provider/local/slurm/client.h"
#include "provider/local/slurm/clusters.h"
#include "provider/local/slurm/daemons.h"
#include "provider/local/slurm/folder.h"

namespace slipway::provider::local::slurm {

namespace json = boost::json;
using base::Result;
using process::State;
using std::chrono::milliseconds;
using workflow::StepContext;

namespace {

constexpr MapInput kConfiguration{"Configuration"};

struct Services {
  const Machine& machine;
  InstanceTypesOf types;
  Clusters& clusters;

  Paths paths(const StepContext& context) const { return Paths::of(machine.settings, context.environment_id); }
};

// What a cluster has of this machine, beside its ports.
std::vector<broker::Resource> resources_of(const Paths& paths) {
  return {{std::string(broker::kFolder), paths.directory.native()},
          {std::string(broker::kFolder), paths.sockets.native()},
          {std::string(broker::kProcess), paths.processes().native()}};
}

net::Task<json::object> prepare(Services services, StepContext context, json::object inputs) {
  const auto& machine = services.machine;
  const auto paths = services.paths(context);
  CO_TRY(check_programs(machine.settings));
  const auto given = CO_TRY(kConfiguration.read(inputs));
  const auto types = CO_TRY(services.types(context.environment_id));
  auto cluster = CO_TRY(plan_cluster(context.environment_name, given, types, machine.settings.max_nodes));
  CO_TRY(check_paths(paths, cluster));
  tell(context, fmt::format("making a folder for {} nodes", cluster.nodes.size()));
  assign_ports(cluster, CO_TRY(co_await machine.ports.reserve(context.environment_id, ports_needed(cluster))));
  CO_TRY(co_await machine.resources.record(context.environment_id, "local", context.token, resources_of(paths)));
  CO_TRY(co_await net::run_blocking<void>(machine.runtime, [&machine, paths, cluster]() mutable -> Result<void> {
    const auto host = host_name();
    cluster.network = choose_network(host, addresses_of(host));
    TRY(claim_environments_folder(machine.settings, machine.installation, machine.account));
    TRY(lay_out(paths, cluster, machine.account));
    return write_record(paths, cluster, machine.account);
  }));
  CO_TRY(co_await machine.resources.present(context.environment_id, resources_of(paths)));
  co_return json::object{{"Directory", paths.directory.native()}, {"SlurmConf", paths.slurm_conf().native()}};
}

// The cluster that prepare() made, with all its files.
net::Task<Cluster> prepared(const Machine& machine, Paths paths) {
  co_return co_await net::run_blocking<Cluster>(machine.runtime, [&machine, paths]() -> Result<Cluster> {
    auto cluster = TRY(read_record(paths, machine.account));
    if (!cluster) {
      auto error = base::conflict(fmt::format("the cluster's folder {} is gone", paths.directory.native()));
      error.code = "NotPrepared";
      return error;
    }
    TRY(lay_out(paths, *cluster, machine.account));
    return std::move(*cluster);
  });
}

net::Task<json::object> start(Services services, StepContext context, json::object) {
  const auto& machine = services.machine;
  const auto paths = services.paths(context);
  const auto cluster = CO_TRY(co_await prepared(machine, paths));
  for (const auto daemon : {kMunged, kController}) {
    tell(context, fmt::format("starting {}", daemon));
    CO_TRY(co_await start_daemon(machine, paths, cluster.controller(), std::string(daemon), patience(context)));
  }
  co_return json::object{};
}

net::Task<json::object> start_nodes(Services services, StepContext context, json::object) {
  const auto& machine = services.machine;
  const auto paths = services.paths(context);
  const auto cluster = CO_TRY(co_await prepared(machine, paths));
  const auto nodes = cluster.static_nodes();
  CO_TRY(co_await net::run_blocking<void>(
      machine.runtime, [&machine, paths, nodes] { return add_markers(paths, nodes, machine.account); }));
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    tell(context, fmt::format("starting node {} of {}", i + 1, nodes.size()));
    CO_TRY(co_await start_daemon(machine, paths, cluster.controller(), nodes[i], patience(context)));
  }
  co_return json::object{};
}

// The first of `daemons` that does not run, as an error.
Result<void> all_run(const Machine& machine, const Paths& paths, const std::vector<std::string>& daemons) {
  for (const auto& daemon : daemons) {
    const auto status = machine.supervisors.status(paths.process(daemon));
    if (status.state != State::running) return died(machine, paths, daemon, status);
  }
  return {};
}

// The nodes that do not accept jobs yet.
std::vector<std::string> missing(const std::vector<std::string>& nodes, const Result<ClusterView>& view) {
  if (!view) return nodes;
  std::vector<std::string> absent;
  for (const auto& node : nodes) {
    const auto found = view->nodes.find(node);
    if (found == view->nodes.end() || !found->second.accepts_jobs()) absent.push_back(node);
  }
  return absent;
}

net::Task<json::object> wait_nodes(Services services, StepContext context, json::object) {
  const auto& machine = services.machine;
  const auto paths = services.paths(context);
  const auto cluster = CO_TRY(co_await prepared(machine, paths));
  const auto nodes = cluster.static_nodes();
  auto daemons = nodes;
  daemons.insert(daemons.begin(), {std::string(kMunged), std::string(kController)});
  const auto until = std::chrono::steady_clock::now() + patience(context);
  const Client client(machine, paths);
  for (milliseconds pause{20};; pause = std::min(pause * 3 / 2, milliseconds(1000))) {
    CO_TRY(all_run(machine, paths, daemons));
    const auto view = co_await client.view();
    const auto absent = missing(nodes, view);
    if (absent.empty()) co_return json::object{};
    tell(context, fmt::format("{} of {} nodes are ready", nodes.size() - absent.size(), nodes.size()));
    if (std::chrono::steady_clock::now() + pause >= until) {
      auto error = base::unavailable(
          view ? fmt::format("node {} runs but did not register with slurmctld in time; the machine may be overloaded",
                             absent.front())
               : view.error().message,
          "NoAnswer");
      error.evidence = last_lines(paths, absent.front(), machine.account);
      co_return error;
    }
    co_await net::sleep_for(machine.runtime, pause);
  }
}

net::Task<json::object> stop(Services services, StepContext context, json::object) {
  co_await services.clusters.release(context.environment_id);
  CO_TRY(co_await stop_cluster(services.machine, services.paths(context)));
  co_return json::object{};
}

net::Task<json::object> remove_cluster(Services services, StepContext context, json::object) {
  const auto& machine = services.machine;
  const auto paths = services.paths(context);
  CO_TRY(
      co_await net::run_blocking<void>(machine.runtime, [&machine, paths] { return remove(paths, machine.account); }));
  CO_TRY(co_await machine.resources.gone(context.environment_id, resources_of(paths)));
  CO_TRY(co_await machine.ports.release(context.environment_id));
  co_return json::object{{"Removed", true}};
}

}  // namespace

void add_actions(workflow::ActionRegistry& registry, const Machine& machine, InstanceTypesOf types,
                 Clusters& clusters) {
  using workflow::EffectClass;
  const Services services{.machine = machine, .types = std::move(types), .clusters = clusters};
  const auto add = [&](std::string name, EffectClass effect, auto run, workflow::Action::Inputs inputs = {},
                       std::vector<std::string_view> outputs = {}, std::vector<InputCheck> checks = {}) {
    add_action(registry, std::move(name), effect, std::bind_front(run, services), std::move(inputs), std::move(outputs),
               std::move(checks));
  };
  add("local:slurmPrepare", EffectClass::name, prepare, {.required = {"Configuration"}, .optional = {}},
      {"Directory", "SlurmConf"}, {check_of(kConfiguration)});
  add("local:slurmStart", EffectClass::name, start);
  add("local:slurmStartNodes", EffectClass::name, start_nodes);
  add("local:slurmWaitNodes", EffectClass::read, wait_nodes);
  add("local:slurmStop", EffectClass::natural, stop);
  add("local:slurmRemove", EffectClass::natural, remove_cluster, {}, {"Removed"});
}

net::Task<void> stop_cluster(const Machine& machine, Paths paths) {
  auto names = processes(paths, machine.account);
  // A supervisor that was killed may have left jobs that bear no mark but the cluster's own folder.
  const bool lost = std::ranges::any_of(names, [&](const std::string& name) {
    const auto status = machine.supervisors.status(paths.process(name));
    return status.state == State::exited && !status.exit_code && !status.exit_signal;
  });
  std::erase(names, kMunged);
  CO_TRY(co_await stop_daemons(machine, paths, names));
  CO_TRY(co_await stop_daemons(machine, paths, {std::string(kMunged)}));
  // The folder itself is only swept where that is needed: it would end a shell that somebody has there, too.
  CO_TRY(co_await machine.supervisors.sweep(paths.sockets));
  CO_TRY(co_await machine.supervisors.sweep(lost ? paths.directory : paths.processes()));
  co_return Result<void>();
}

}  // namespace slipway::provider::local::slurm
