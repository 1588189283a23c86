#pragma once
// All Slurm clusters of this machine. Each that is available has a keeper.

#include <map>
#include <memory>

#include "provider/local/kind.h"
#include "provider/local/slurm/keeper.h"

namespace slipway::provider::local::slurm {

// A type with such a table is that of a cluster.
inline constexpr std::string_view kInstanceTypes = "instance-types";

class Clusters final : public Kind {
 public:
  explicit Clusters(const Machine& machine) : machine_(machine) {}

  // The actions of documents.
  void add_actions(workflow::ActionRegistry& registry);
  // Where instance types come from; outlives it. Call it before the first launch.
  void use_tables(const broker::TypeTables& tables) { tables_ = &tables; }

  base::Result<void> check(const broker::Environment& wanted, const workflow::Plan& launch) const override;
  std::vector<broker::Instance> instances(const broker::Environment& environment) const override;
  broker::FleetStatus fleet(const broker::Environment& environment) const override;
  net::Task<void> terminate_instances(broker::Environment environment) override;
  net::Task<broker::Activity> activity(broker::Environment environment) override;
  void tend(const broker::Environment& environment) override;
  boost::asio::awaitable<void> release(base::EnvironmentId id) override;
  std::vector<std::pair<std::string, std::string>> tags(const broker::Environment& environment) const override;
  boost::asio::awaitable<void> stop() override;

 private:
  Keeper* keeper(const base::EnvironmentId& id) const;  // null: nobody looks after it

  const Machine& machine_;
  const broker::TypeTables* tables_ = nullptr;
  std::map<base::EnvironmentId, std::shared_ptr<Keeper>> keepers_;
};

}  // namespace slipway::provider::local::slurm
