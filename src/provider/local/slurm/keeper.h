#pragma once
// Looks after the clusters that are available: crashed daemons come back, nodes run while Slurm wants them, and the
// fleet becomes what was asked for. Level-triggered: each time it compares what is wanted with what is, so it needs no
// memory and a restarted broker goes on where the last one was killed. One task a cluster. On the I/O thread.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/environment.h"
#include "broker/provider.h"
#include "net/doorbell.h"
#include "provider/local/machine.h"
#include "provider/local/slurm/fleet.h"
#include "provider/local/slurm/instances.h"

namespace slipway::provider::local::slurm {

class Keeper {
 public:
  // Begins at once.
  Keeper(const Machine& machine, base::EnvironmentId id, broker::Fleet wanted);

  void want(broker::Fleet wanted);
  // Powers down every compute node that is not; their jobs are requeued. Static ones come back while the fleet is to
  // run.
  net::Task<void> terminate_nodes();
  // Returns when nothing of it is under way; the daemons stay as they are. Twice is harmless.
  boost::asio::awaitable<void> stop();

  // In memory, cheap.
  const std::vector<broker::Instance>& instances() const { return instances_; }
  broker::FleetStatus fleet() const;
  const std::vector<std::pair<std::string, std::string>>& tags() const { return tags_; }

 private:
  using Steady = std::chrono::steady_clock;

  static constexpr std::chrono::seconds kCheckPeriod{30};  // of a fleet that is settled

  struct Daemon {
    process::Status status;
    bool busy = false;      // a task starts or stops it
    bool expected = false;  // it ran, and nobody asked it to end
    bool lost = false;      // it ended by itself: Slurm must be told that its jobs are gone
    bool waited = false;    // a task waits for its end
    int quick_ends = 0;     // in a row
    Steady::time_point retry_at{};
    std::string problem;
  };

  bool seems_reached() const;
  void begin(std::string name, std::function<boost::asio::awaitable<void>()> task);
  void check_soon();
  boost::asio::awaitable<void> keep();
  net::Task<void> load();
  void cannot_load(const base::Error& error);
  boost::asio::awaitable<void> watch_markers();
  void reconcile();
  void look(const std::string& name, Daemon& daemon);
  void reconcile_head();
  void reconcile_nodes();
  void start(const std::string& name);
  boost::asio::awaitable<void> run_start(std::string name);
  void stop(const std::string& name);
  void wait_for_end(const std::string& name);
  void failed(const std::string& name, Daemon& daemon, std::string problem, bool quick);
  Steady::time_point next_look() const;

  boost::asio::awaitable<void> check_fleet();
  void judge_nodes(const ClusterView& view);
  boost::asio::awaitable<void> missed();
  boost::asio::awaitable<void> execute(FleetOrders orders);

  const Machine& machine_;
  base::EnvironmentId id_;
  Paths paths_;
  std::vector<std::pair<std::string, std::string>> tags_;
  Client client_;
  net::Doorbell bell_;
  net::TaskGroup group_;
  bool stopping_ = false;
  std::optional<Cluster> cluster_;
  std::map<std::string, Daemon, std::less<>> daemons_;
  std::vector<broker::Instance> instances_;

  broker::Fleet wanted_;
  std::optional<broker::Fleet> reached_;  // what the fleet has become since it was last asked for something else
  bool begun_ = false;                    // towards what is wanted
  bool checking_ = false;
  bool check_again_ = false;  // something happened since the last check began
  int misses_ = 0;            // checks in a row that slurmctld did not answer
  Steady::time_point next_check_{};
  std::chrono::milliseconds check_pause_{0};
};

}  // namespace slipway::provider::local::slurm
