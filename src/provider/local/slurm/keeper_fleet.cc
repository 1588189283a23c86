// The part of a keeper that talks to slurmctld: whether it answers, and what it is ordered to do with the nodes.

#include <fmt/format.h>

#include <algorithm>

#include "observe/log.h"
#include "provider/local/slurm/daemons.h"
#include "provider/local/slurm/folder.h"
#include "provider/local/slurm/keeper.h"

namespace slipway::provider::local::slurm {

using base::Result;
using process::State;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Awaitable = boost::asio::awaitable<void>;

namespace {

constexpr milliseconds kFirstPause{250};
constexpr milliseconds kLongestPause{2000};
constexpr int kMissesAllowed = 3;
// A slurmd that was just started is silent until it has registered, and the view may be older than it is.
constexpr seconds kTimeToRegister{30};

}  // namespace

broker::FleetStatus Keeper::fleet() const {
  using broker::FleetStatus;
  if (wanted_ == broker::Fleet::stopped) {
    if (reached_) return FleetStatus::stopped;
    return begun_ ? FleetStatus::stopping : FleetStatus::stop_requested;
  }
  if (reached_) return FleetStatus::running;
  return begun_ ? FleetStatus::starting : FleetStatus::start_requested;
}

Awaitable Keeper::check_fleet() {
  const auto wanted = wanted_;
  auto view = co_await client_.view();
  if (!view) {
    co_await missed();
  } else {
    misses_ = 0;
    daemons_[std::string(kController)].problem.clear();
    judge_nodes(*view);
    auto orders = fleet_orders(*cluster_, wanted, *view, markers(paths_, machine_.account));
    const bool settled = orders.settled;
    begun_ = true;
    co_await execute(std::move(orders));
    if (settled && wanted == wanted_) reached_ = wanted;
    check_pause_ = settled ? milliseconds(0) : std::clamp(check_pause_ * 3 / 2, kFirstPause, kLongestPause);
    next_check_ = Steady::now() + (settled ? milliseconds(kCheckPeriod) : check_pause_);
  }
  checking_ = false;
  bell_.ring();
}

// A node that runs and does not answer: shown, and once Slurm has given it up, started anew.
void Keeper::judge_nodes(const ClusterView& view) {
  for (const auto& [name, node] : view.nodes) {
    const auto found = daemons_.find(name);
    if (found == daemons_.end() || found->second.busy || found->second.status.state != State::running) continue;
    auto& daemon = found->second;
    if (base::system_clock().now() - daemon.status.started_at < kTimeToRegister) continue;
    daemon.problem = node.is_silent() ? fmt::format("{}: slurmd runs but does not answer", name)
                     : node.is_down() ? fmt::format("{}: slurmctld holds it down: {}", name, node.reason)
                                      : std::string();
    if (!node.is_silent() || !node.is_down()) continue;
    observe::warning("a slurmd does not answer and is started again", {{"environment", id_.str()}, {"daemon", name}});
    stop(name);
  }
}

Awaitable Keeper::missed() {
  auto& controller = daemons_[std::string(kController)];
  next_check_ = Steady::now() + kFirstPause;
  if (machine_.supervisors.status(paths_.process(kController)).state != State::running) co_return;
  ++misses_;
  controller.problem = fmt::format("slurmctld runs but does not answer ({} checks in a row)", misses_);
  observe::warning("a cluster's controller does not answer", {{"environment", id_.str()}, {"misses", misses_}});
  next_check_ = Steady::now() + kCheckPeriod;
  if (misses_ < kMissesAllowed) co_return;
  misses_ = 0;
  auto& munged = daemons_[std::string(kMunged)];
  controller.busy = munged.busy = true;
  const auto stopped = co_await stop_daemons(machine_, paths_, {std::string(kController), std::string(kMunged)});
  if (!stopped) observe::error("a stuck controller cannot be stopped", stopped.error(), {{"environment", id_.str()}});
  controller.busy = controller.expected = munged.busy = munged.expected = false;
}

Awaitable Keeper::execute(FleetOrders orders) {
  const auto log = [this](const Result<void>& done) {
    if (!done) observe::warning("slurmctld refused an order", done.error(), {{"environment", id_.str()}});
  };
  for (const auto& partition : orders.deactivate) log(co_await client_.set_partition(partition, false));
  log(co_await client_.update_nodes(orders.power_down_force, {"state=power_down_force"}));
  log(co_await client_.update_nodes(orders.power_down, {"state=power_down"}));
  log(co_await client_.update_nodes(orders.power_up, {"state=power_up"}));
  for (const auto& partition : orders.activate) log(co_await client_.set_partition(partition, true));
}

net::Task<void> Keeper::terminate_nodes() {
  const auto view = CO_TRY(co_await client_.view());
  std::vector<std::string> nodes;
  for (const auto& [name, node] : view.nodes) {
    if (!node.is_off() && !node.is_going()) nodes.push_back(name);
  }
  CO_TRY(co_await client_.update_nodes(std::move(nodes), {"state=power_down_force"}));
  check_soon();
  co_return Result<void>();
}

}  // namespace slipway::provider::local::slurm
