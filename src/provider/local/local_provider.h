#pragma once
// Environments on this machine: real software under supervision. Answers live questions about them and keeps what runs
// in the state that was asked for; the documents' actions live beside it. Made by the composition root.

#include <memory>
#include <string>
#include <vector>

#include "broker/ports.h"
#include "broker/provider.h"
#include "broker/resources.h"
#include "net/runtime.h"
#include "process/supervisor.h"
#include "provider/local/machine.h"
#include "provider/local/programs/programs.h"
#include "provider/local/settings.h"
#include "provider/local/slurm/clusters.h"
#include "workflow/action.h"

namespace slipway::provider::local {

class LocalProvider final : public broker::Provider {
 public:
  // All references must outlive it. `account`: that environments run as; unset: this process's own. `installation`: the
  // database's.
  LocalProvider(net::Runtime& runtime, process::Supervisors& supervisors, broker::Ports& ports,
                broker::Resources& resources, LocalSettings settings, Account account, std::string installation);

  // Before anything else. Errors: conflict where local.environments_dir is another broker's.
  base::Result<void> check_folder() const;

  // The actions of documents. Call it before types are loaded.
  void add_actions(workflow::ActionRegistry& registry);
  // Where an environment's instance types come from; outlives it. Call it before the first launch.
  void use_tables(const broker::TypeTables& tables);
  // Ends the looking after of every environment; what runs goes on. Returns when nothing is under way. Twice is
  // harmless.
  boost::asio::awaitable<void> stop();

  std::string_view name() const override { return "local"; }
  bool serves(std::string_view region) const override { return region == "local"; }
  base::Result<void> check(const broker::Environment& wanted, const workflow::Plan& launch) const override;
  std::vector<broker::Instance> instances(const broker::Environment& environment) const override;
  broker::FleetStatus fleet(const broker::Environment& environment) const override;
  net::Task<void> terminate_instances(broker::Environment environment) override;
  void tend(const broker::Environment& environment) override;
  void release(const base::EnvironmentId& id) override;
  void report_to(broker::Notices* notices) override { machine_.notices = notices; }
  net::Task<broker::Activity> activity(broker::Environment environment) override;
  net::Task<boost::json::value> ask(broker::Environment environment, broker::EndpointRule rule,
                                    std::string path) const override;
  net::Task<broker::Endpoint> endpoint(broker::Environment environment, broker::EndpointRule rule) const override;
  std::vector<std::pair<std::string, std::string>> tags(const broker::Environment& environment) const override;
  std::vector<std::string> leftovers(const std::vector<base::EnvironmentId>& live) const override;
  net::Task<void> remove_leftover(std::string leftover) override;

 private:
  // What an environment is, its type says.
  Kind& kind_of(const broker::Environment& environment) const;

  Machine machine_;
  const broker::TypeTables* tables_ = nullptr;
  const std::unique_ptr<slurm::Clusters> clusters_;
  const std::unique_ptr<programs::Programs> programs_;
  net::TaskGroup group_;
};

}  // namespace slipway::provider::local
