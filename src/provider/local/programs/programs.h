#pragma once
// All environments of this machine that are programs. Each that is available has a tender.

#include <map>
#include <memory>

#include "provider/local/kind.h"
#include "provider/local/programs/tender.h"
#include "provider/local/programs/use.h"
#include "provider/local/programs/virtual_environment.h"
#include "workflow/action.h"

namespace slipway::provider::local::programs {

class Programs final : public Kind {
 public:
  explicit Programs(const Machine& machine) : machine_(machine), virtual_environments_(machine) {}

  // The actions of documents.
  void add_actions(workflow::ActionRegistry& registry);

  base::Result<void> check(const broker::Environment&, const workflow::Plan&) const override { return {}; }
  // One for each program that was started and not stopped; one that is down though the environment is available has a
  // problem.
  std::vector<broker::Instance> instances(const broker::Environment& environment) const override;
  // They have no fleet.
  broker::FleetStatus fleet(const broker::Environment&) const override { return broker::FleetStatus::unknown; }
  net::Task<void> terminate_instances(broker::Environment) override { co_return base::Result<void>(); }
  void tend(const broker::Environment& environment) override;
  net::Task<broker::Activity> activity(broker::Environment environment) override;
  boost::asio::awaitable<void> release(base::EnvironmentId id) override;
  std::vector<std::pair<std::string, std::string>> tags(const broker::Environment&) const override { return {}; }
  boost::asio::awaitable<void> stop() override;

  // As those of VirtualEnvironments.
  std::vector<std::string> unused(const std::vector<base::EnvironmentId>& live) const {
    return virtual_environments_.unused(live);
  }
  net::Task<bool> remove_unused(std::string folder) { return virtual_environments_.remove(std::move(folder)); }

 private:
  const Machine& machine_;
  VirtualEnvironments virtual_environments_;
  std::map<base::EnvironmentId, std::shared_ptr<Tender>> tenders_;
  std::map<base::EnvironmentId, Use> uses_;  // as they were last seen
};

}  // namespace slipway::provider::local::programs
