#include "provider/local/slurm/clusters.h"

#include <algorithm>

#include "provider/local/slurm/actions.h"
#include "provider/local/slurm/client.h"
#include "provider/local/slurm/daemons.h"
#include "provider/local/slurm/folder.h"

namespace slipway::provider::local::slurm {

using base::Result;
using broker::Environment;

void Clusters::add_actions(workflow::ActionRegistry& registry) {
  const auto types = [this](const base::EnvironmentId& id) -> Result<InstanceTypes> {
    const auto table = TRY(tables_->table(id, kInstanceTypes));
    return read_instance_types(table);
  };
  slurm::add_actions(registry, machine_, types, *this);
}

Result<void> Clusters::check(const Environment& wanted, const workflow::Plan& launch) const {
  const auto is_slurms = [](const workflow::Step& step) { return step.action.starts_with("local:slurm"); };
  if (std::ranges::none_of(launch.steps, is_slurms)) return {};
  const auto* configuration = wanted.parameters.if_contains("Configuration");
  if (!configuration || !configuration->is_object()) {
    return base::invalid("a launch in region local needs the parameter Configuration", "Configuration");
  }
  const auto table = TRY(tables_->table(wanted, kInstanceTypes));
  const auto types = TRY(read_instance_types(table));
  const auto cluster = TRY(plan_cluster(wanted.name, configuration->get_object(), types, machine_.settings.max_nodes));
  // It has no id yet; all are as long.
  TRY(check_paths(Paths::of_key(machine_.settings, std::string(kKeyDigits, '0')), cluster));
  return check_programs(machine_.settings);
}

std::vector<broker::Instance> Clusters::instances(const Environment& environment) const {
  if (const auto* kept = keeper(environment.id)) return kept->instances();
  return look_at_instances(machine_, environment.id);
}

broker::FleetStatus Clusters::fleet(const Environment& environment) const {
  const auto* kept = keeper(environment.id);
  return kept ? kept->fleet() : broker::FleetStatus::unknown;
}

net::Task<void> Clusters::terminate_instances(Environment environment) {
  if (auto* kept = keeper(environment.id)) co_return co_await kept->terminate_nodes();
  // Nobody would start them again: a failed launch, kept to be looked at.
  const auto paths = Paths::of(machine_.settings, environment.id);
  auto names = processes(paths, machine_.account);
  std::erase_if(names, [](const std::string& name) { return name == kMunged || name == kController; });
  co_return co_await stop_daemons(machine_, paths, std::move(names));
}

net::Task<broker::Activity> Clusters::activity(Environment environment) {
  const Client client(machine_, Paths::of(machine_.settings, environment.id));
  co_return co_await client.activity();
}

void Clusters::tend(const Environment& environment) {
  auto& kept = keepers_[environment.id];
  if (kept) {
    kept->want(environment.fleet);
  } else {
    kept = std::make_shared<Keeper>(machine_, environment.id, environment.fleet);
  }
}

Keeper* Clusters::keeper(const base::EnvironmentId& id) const {
  const auto found = keepers_.find(id);
  return found == keepers_.end() ? nullptr : found->second.get();
}

boost::asio::awaitable<void> Clusters::release(base::EnvironmentId id) {
  const auto found = keepers_.find(id);
  if (found == keepers_.end()) co_return;
  const auto kept = found->second;
  co_await kept->stop();
  // Two may ask for it at once.
  if (const auto still = keepers_.find(id); still != keepers_.end() && still->second == kept) keepers_.erase(still);
}

std::vector<std::pair<std::string, std::string>> Clusters::tags(const Environment& environment) const {
  if (const auto* kept = keeper(environment.id)) return kept->tags();
  return Paths::of(machine_.settings, environment.id).tags();
}

boost::asio::awaitable<void> Clusters::stop() {
  while (!keepers_.empty()) {
    const auto id = keepers_.begin()->first;
    co_await release(id);
  }
}

}  // namespace slipway::provider::local::slurm
