#pragma once
// All environments of this machine that are programs.

#include "provider/local/kind.h"
#include "provider/local/programs/virtual_environment.h"
#include "workflow/action.h"

namespace slipway::provider::local::programs {

class Programs final : public Kind {
 public:
  explicit Programs(const Machine& machine) : machine_(machine), virtual_environments_(machine) {}

  // The actions of documents.
  void add_actions(workflow::ActionRegistry& registry);

  base::Result<void> check(const broker::Environment&, const workflow::Plan&) const override { return {}; }
  std::vector<broker::Instance> instances(const broker::Environment& environment) const override;
  // They have no fleet.
  broker::FleetStatus fleet(const broker::Environment&) const override { return broker::FleetStatus::unknown; }
  net::Task<void> terminate_instances(broker::Environment) override { co_return base::Result<void>(); }
  void tend(const broker::Environment&) override {}
  boost::asio::awaitable<void> release(base::EnvironmentId) override { co_return; }
  std::vector<std::pair<std::string, std::string>> tags(const broker::Environment&) const override { return {}; }
  boost::asio::awaitable<void> stop() override { co_return; }

 private:
  const Machine& machine_;
  VirtualEnvironments virtual_environments_;
};

}  // namespace slipway::provider::local::programs
