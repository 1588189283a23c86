#include "provider/local/local_provider.h"

#include <fmt/format.h>

#include <algorithm>

#include "provider/local/process/actions.h"
#include "provider/local/process/programs.h"
#include "provider/local/slurm/actions.h"
#include "provider/local/slurm/daemons.h"
#include "provider/local/slurm/instances.h"

namespace slipway::provider::local {

using base::Result;
using broker::Environment;
using slurm::Paths;

namespace {
constexpr std::string_view kInstanceTypes = "instance-types";
}  // namespace

LocalProvider::LocalProvider(net::Runtime& runtime, process::Supervisors& supervisors, broker::Ports& ports,
                             broker::Resources& resources, LocalSettings settings, slurm::Account account,
                             std::string installation)
    : machine_{.runtime = runtime,
               .supervisors = supervisors,
               .ports = ports,
               .resources = resources,
               .settings = std::move(settings),
               .account = std::move(account),
               .installation = std::move(installation)},
      keepers_(machine_),
      virtual_environments_(machine_),
      group_(runtime) {}

Result<void> LocalProvider::check_folder() const {
  return slurm::check_owner(machine_.settings, machine_.installation, machine_.account);
}

void LocalProvider::add_actions(workflow::ActionRegistry& registry) {
  const auto types = [this](const base::EnvironmentId& id) -> Result<slurm::InstanceTypes> {
    const auto table = TRY(tables_->table(id, kInstanceTypes));
    return slurm::read_instance_types(table);
  };
  slurm::add_actions(registry, machine_, types, keepers_);
  programs::add_actions(registry, machine_, virtual_environments_);
}

void LocalProvider::use_tables(const broker::TypeTables& tables) {
  tables_ = &tables;
}

boost::asio::awaitable<void> LocalProvider::stop() {
  co_await keepers_.stop();
  co_await group_.join();
}

bool LocalProvider::is_cluster(const Environment& environment) const {
  return tables_->table(environment, kInstanceTypes).has_value();
}

Result<void> LocalProvider::check(const Environment& wanted, const workflow::Plan& launch) const {
  const auto is_slurms = [](const workflow::Step& step) { return step.action.starts_with("local:slurm"); };
  if (std::ranges::none_of(launch.steps, is_slurms)) return {};
  const auto* configuration = wanted.parameters.if_contains("Configuration");
  if (!configuration || !configuration->is_object()) {
    return base::invalid("a launch in region local needs the parameter Configuration", "Configuration");
  }
  const auto table = TRY(tables_->table(wanted, kInstanceTypes));
  const auto types = TRY(slurm::read_instance_types(table));
  const auto cluster =
      TRY(slurm::plan_cluster(wanted.name, configuration->get_object(), types, machine_.settings.max_nodes));
  // It has no id yet; all are as long.
  TRY(slurm::check_paths(Paths::of_key(machine_.settings, std::string(slurm::kKeyDigits, '0')), cluster));
  return slurm::check_programs(machine_.settings);
}

std::vector<broker::Instance> LocalProvider::instances(const Environment& environment) const {
  if (const auto* keeper = keepers_.find(environment.id)) return keeper->instances();
  if (!is_cluster(environment)) return programs::instances(machine_, environment);
  return slurm::look_at_instances(machine_, environment.id);
}

broker::FleetStatus LocalProvider::fleet(const Environment& environment) const {
  const auto* keeper = keepers_.find(environment.id);
  return keeper ? keeper->fleet() : broker::FleetStatus::unknown;
}

net::Task<void> LocalProvider::terminate_instances(Environment environment) {
  if (auto* keeper = keepers_.find(environment.id)) co_return co_await keeper->terminate_nodes();
  // Nobody would start them again: a failed launch, kept to be looked at.
  const auto paths = Paths::of(machine_.settings, environment.id);
  auto names = slurm::processes(paths, machine_.account);
  std::erase_if(names, [](const std::string& name) { return name == slurm::kMunged || name == slurm::kController; });
  co_return co_await slurm::stop_daemons(machine_, paths, std::move(names));
}

void LocalProvider::tend(const Environment& environment) {
  if (!is_cluster(environment)) return;
  keepers_.tend(environment);
}

void LocalProvider::release(const base::EnvironmentId& id) {
  if (!keepers_.find(id)) return;
  group_.spawn("releasing " + id.str(), [this, id] { return keepers_.release(id); });
}

Result<broker::Endpoint> LocalProvider::endpoint(const Environment& environment,
                                                 const broker::EndpointRule& rule) const {
  return programs::endpoint(machine_, environment.id, rule);
}

std::vector<std::pair<std::string, std::string>> LocalProvider::tags(const Environment& environment) const {
  if (const auto* keeper = keepers_.find(environment.id)) return keeper->tags();
  if (!is_cluster(environment)) return {};
  return Paths::of(machine_.settings, environment.id).tags();
}

std::vector<std::string> LocalProvider::leftovers(const std::vector<base::EnvironmentId>& live) const {
  auto keys = slurm::all_keys(machine_.settings, machine_.account);
  for (const auto& id : live) keys.erase(Paths::of(machine_.settings, id).directory.filename());
  std::vector<std::string> folders;
  for (const auto& key : keys) folders.push_back(Paths::of_key(machine_.settings, key).directory.native());
  return folders;
}

net::Task<void> LocalProvider::remove_leftover(std::string leftover) {
  // The folder of its sockets bears the key too, behind a prefix.
  const auto name = std::filesystem::path(leftover).filename().native();
  const auto key = name.substr(name.size() - std::min(name.size(), slurm::kKeyDigits));
  const auto paths = Paths::of_key(machine_.settings, key);
  if (!slurm::is_key(key) || (paths.directory != leftover && paths.sockets != leftover)) {
    co_return base::invalid(fmt::format("{} is no leftover of region local", leftover));
  }
  CO_TRY(co_await slurm::stop_cluster(machine_, paths));
  co_return co_await net::run_blocking<void>(machine_.runtime,
                                             [this, paths] { return slurm::remove(paths, machine_.account); });
}

}  // namespace slipway::provider::local
