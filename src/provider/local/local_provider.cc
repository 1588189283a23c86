#include "provider/local/local_provider.h"

#include <fmt/format.h>

#include "provider/local/environments_folder.h"
#include "provider/local/programs/program.h"
#include "provider/local/slurm/actions.h"
#include "provider/local/slurm/folder.h"

namespace slipway::provider::local {

using base::Result;
using broker::Environment;
using slurm::Paths;

LocalProvider::LocalProvider(net::Runtime& runtime, process::Supervisors& supervisors, broker::Ports& ports,
                             broker::Resources& resources, LocalSettings settings, Account account,
                             std::string installation)
    : machine_{.runtime = runtime,
               .supervisors = supervisors,
               .ports = ports,
               .resources = resources,
               .settings = std::move(settings),
               .account = std::move(account),
               .installation = std::move(installation)},
      clusters_(std::make_unique<slurm::Clusters>(machine_)),
      programs_(std::make_unique<programs::Programs>(machine_)),
      group_(runtime) {}

Result<void> LocalProvider::check_folder() const {
  return check_owner(machine_.settings, machine_.installation, machine_.account);
}

void LocalProvider::add_actions(workflow::ActionRegistry& registry) {
  clusters_->add_actions(registry);
  programs_->add_actions(registry);
}

void LocalProvider::use_tables(const broker::TypeTables& tables) {
  tables_ = &tables;
  clusters_->use_tables(tables);
}

boost::asio::awaitable<void> LocalProvider::stop() {
  co_await clusters_->stop();
  co_await programs_->stop();
  co_await group_.join();
}

Kind& LocalProvider::kind_of(const Environment& environment) const {
  if (tables_->has(environment, slurm::kInstanceTypes)) return *clusters_;
  return *programs_;
}

Result<void> LocalProvider::check(const Environment& wanted, const workflow::Plan& launch) const {
  TRY(clusters_->check(wanted, launch));
  return programs_->check(wanted, launch);
}

std::vector<broker::Instance> LocalProvider::instances(const Environment& environment) const {
  return kind_of(environment).instances(environment);
}

broker::FleetStatus LocalProvider::fleet(const Environment& environment) const {
  return kind_of(environment).fleet(environment);
}

net::Task<void> LocalProvider::terminate_instances(Environment environment) {
  auto& kind = kind_of(environment);
  co_return co_await kind.terminate_instances(std::move(environment));
}

void LocalProvider::tend(const Environment& environment) {
  kind_of(environment).tend(environment);
}

void LocalProvider::release(const base::EnvironmentId& id) {
  group_.spawn("releasing " + id.str(), [this, id]() -> boost::asio::awaitable<void> {
    co_await clusters_->release(id);
    co_await programs_->release(id);
  });
}

net::Task<broker::Activity> LocalProvider::activity(Environment environment) {
  auto& kind = kind_of(environment);
  co_return co_await kind.activity(std::move(environment));
}

net::Task<boost::json::value> LocalProvider::ask(Environment environment, broker::EndpointRule rule,
                                                 std::string path) const {
  auto endpoint = CO_TRY(co_await programs::endpoint(machine_, environment.id, std::move(rule)));
  co_return co_await programs::ask(machine_, std::move(endpoint), std::move(path));
}

net::Task<broker::Endpoint> LocalProvider::endpoint(Environment environment, broker::EndpointRule rule) const {
  return programs::endpoint(machine_, environment.id, std::move(rule));
}

std::vector<std::pair<std::string, std::string>> LocalProvider::tags(const Environment& environment) const {
  return kind_of(environment).tags(environment);
}

std::vector<std::string> LocalProvider::leftovers(const std::vector<base::EnvironmentId>& live) const {
  auto keys = slurm::all_keys(machine_.settings, machine_.account);
  for (const auto& id : live) keys.erase(Paths::of(machine_.settings, id).directory.filename());
  auto folders = programs_->unused(live);
  for (const auto& key : keys) folders.push_back(Paths::of_key(machine_.settings, key).directory.native());
  return folders;
}

net::Task<void> LocalProvider::remove_leftover(std::string leftover) {
  if (CO_TRY(co_await programs_->remove_unused(leftover))) co_return base::Result<void>();
  // The folder of its sockets bears the key too, behind a prefix.
  const auto name = std::filesystem::path(leftover).filename().native();
  const auto key = name.substr(name.size() - std::min(name.size(), kKeyDigits));
  const auto paths = Paths::of_key(machine_.settings, key);
  if (!is_key(key) || (paths.directory != leftover && paths.sockets != leftover)) {
    co_return base::invalid(fmt::format("{} is no leftover of region local", leftover));
  }
  CO_TRY(co_await slurm::stop_cluster(machine_, paths));
  co_return co_await net::run_blocking<void>(machine_.runtime,
                                             [this, paths] { return slurm::remove(paths, machine_.account); });
}

}  // namespace slipway::provider::local
