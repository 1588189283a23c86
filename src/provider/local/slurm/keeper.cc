#include "provider/local/slurm/keeper.h"

#include <fmt/format.h>

#include <algorithm>

#include "observe/log.h"
#include "process/folder_watch.h"
#include "provider/local/slurm/daemons.h"
#include "provider/local/slurm/folder.h"

namespace slipway::provider::local::slurm {

using base::Result;
using process::State;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Awaitable = boost::asio::awaitable<void>;

namespace {

constexpr seconds kStartPatience{30};
// Who ends sooner than this is started again after a pause that doubles.
constexpr seconds kQuick{10};
constexpr seconds kLongestPause{60};

bool ran_briefly(const process::Status& status) {
  return base::system_clock().now() - status.started_at < kQuick;
}

// After a restart of the broker nobody remembers whether it was asked to end.
bool ended_badly(const process::Status& status) {
  return status.state == State::exited && status.exit_code.value_or(1) != 0;
}

std::chrono::milliseconds until_next_second() {
  const auto now = std::chrono::system_clock::now();
  return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::floor<seconds>(now) + seconds(1) - now);
}

}  // namespace

Keeper::Keeper(const Machine& machine, base::EnvironmentId id, broker::Fleet wanted)
    : machine_(machine),
      id_(std::move(id)),
      paths_(Paths::of(machine.settings, id_)),
      tags_(paths_.tags()),
      client_(machine, paths_),
      bell_(machine.runtime),
      group_(machine.runtime),
      instances_(look_at_instances(machine, id_)),
      wanted_(wanted) {
  if (seems_reached()) reached_ = wanted_;
  begin("keeping " + id_.str(), [this] { return keep(); });
}

// What it looks like, until Slurm is asked. A cluster without static nodes may run without any.
bool Keeper::seems_reached() const {
  if (wanted_ == broker::Fleet::stopped) return instances_.size() <= 1;
  const auto cluster = read_record(paths_, machine_.account);
  return instances_.size() > 1 || (cluster && *cluster && (*cluster)->static_nodes().empty());
}

// A task that is told to end may still get here, and what it began would not be told.
void Keeper::begin(std::string name, std::function<Awaitable()> task) {
  if (!stopping_) group_.spawn(std::move(name), std::move(task));
}

void Keeper::check_soon() {
  check_again_ = true;
  bell_.ring();
}

void Keeper::want(broker::Fleet wanted) {
  if (wanted == wanted_) return;
  wanted_ = wanted;
  reached_.reset();
  begun_ = false;
  check_soon();
}

Awaitable Keeper::stop() {
  stopping_ = true;
  group_.cancel();
  co_await group_.join();
}

Awaitable Keeper::keep() {
  for (milliseconds pause = seconds(1);; pause = std::min<milliseconds>(pause * 2, kLongestPause)) {
    const auto loaded = co_await load();
    if (loaded) break;
    cannot_load(loaded.error());
    co_await net::sleep_for(machine_.runtime, pause);
  }
  begin("watching " + id_.str(), [this] { return watch_markers(); });
  for (;;) {
    reconcile();
    const auto left = std::chrono::ceil<milliseconds>(next_look() - Steady::now());
    co_await bell_.wait_until(net::in(std::clamp<milliseconds>(left, milliseconds(1), kCheckPeriod)));
  }
}

// A restart of the machine may have taken what was not on the disk, and all of /tmp.
net::Task<void> Keeper::load() {
  cluster_ = CO_TRY(co_await net::run_blocking<Cluster>(machine_.runtime, [this]() -> Result<Cluster> {
    auto cluster = TRY(read_record(paths_, machine_.account));
    if (!cluster) {
      return base::not_found(
          fmt::format("the cluster's folder {} is gone; put it back, or delete the cluster and create it again",
                      paths_.directory.native()));
    }
    TRY(lay_out(paths_, *cluster, machine_.account));
    return std::move(*cluster);
  }));
  daemons_[std::string(kMunged)];
  daemons_[std::string(kController)];
  for (const auto& node : cluster_->nodes) {
    auto& daemon = daemons_[node.name];
    daemon.status = machine_.supervisors.status(paths_.process(node.name));
    daemon.lost = ended_badly(daemon.status);
  }
  co_return Result<void>();
}

// Shown as long as it lasts, logged once.
void Keeper::cannot_load(const base::Error& error) {
  if (instances_.empty()) instances_.push_back(lost_head(id_));
  auto& shown = instances_.front().problem;
  if (std::exchange(shown, error.message) == error.message) return;
  observe::error("a cluster cannot be looked after", error, {{"environment", id_.str()}});
}

Awaitable Keeper::watch_markers() {
  for (;;) {
    auto watch = process::FolderWatch::open(machine_.runtime);
    const auto watched = watch ? watch->add(paths_.markers()) : base::Result<void>(watch.error());
    if (!watched) {
      observe::error("a cluster's nodes cannot be watched", watched.error(), {{"environment", id_.str()}});
      co_await net::sleep_for(machine_.runtime, kLongestPause);
      continue;
    }
    for (;;) {
      bell_.ring();
      co_await watch->changed();
    }
  }
}

void Keeper::reconcile() {
  for (auto& [name, daemon] : daemons_) look(name, daemon);
  reconcile_head();
  const auto& controller = daemons_.find(kController)->second;
  if (controller.status.state == State::running && !controller.busy) {
    reconcile_nodes();
    if (!checking_ && (check_again_ || Steady::now() >= next_check_)) {
      checking_ = true;
      check_again_ = false;
      begin("checking " + id_.str(), [this] { return check_fleet(); });
    }
  }
  DaemonReports reports;
  for (const auto& [name, daemon] : daemons_) reports[name] = {.status = daemon.status, .problem = daemon.problem};
  instances_ = instances_of(id_, *cluster_, reports);
}

void Keeper::look(const std::string& name, Daemon& daemon) {
  if (daemon.busy) return;
  daemon.status = machine_.supervisors.status(paths_.process(name));
  if (daemon.status.state == State::running) {
    daemon.expected = true;
    if (!daemon.waited) wait_for_end(name);
    return;
  }
  if (!std::exchange(daemon.expected, false)) return;
  daemon.lost = true;
  const auto error = died(machine_, paths_, name, daemon.status);
  observe::warning("a daemon of a cluster ended", error, {{"environment", id_.str()}, {"daemon", name}});
  failed(name, daemon, error.message, ran_briefly(daemon.status));
}

void Keeper::failed(const std::string& name, Daemon& daemon, std::string problem, bool quick) {
  daemon.quick_ends = quick ? daemon.quick_ends + 1 : 0;
  const auto pause =
      quick ? std::min<seconds>(seconds(1) * (1 << std::min(daemon.quick_ends - 1, 6)), kLongestPause) : seconds(0);
  daemon.retry_at = Steady::now() + pause;
  daemon.problem = fmt::format("{}: {}; it is started again", name, problem);
}

void Keeper::reconcile_head() {
  for (const auto name : {kMunged, kController}) {
    const auto& daemon = daemons_.find(name)->second;
    if (daemon.busy) return;
    if (daemon.status.state == State::running) continue;
    if (Steady::now() >= daemon.retry_at) start(std::string(name));
    return;
  }
}

void Keeper::reconcile_nodes() {
  const auto marked = markers(paths_, machine_.account);
  for (const auto& node : cluster_->nodes) {
    auto& daemon = daemons_[node.name];
    if (daemon.busy) continue;
    const bool wanted = marked.contains(node.name);
    const bool runs = daemon.status.state == State::running || daemon.status.state == State::starting;
    const bool may_try = Steady::now() >= daemon.retry_at;
    if (!wanted && runs && may_try) stop(node.name);
    if (wanted && !runs && may_try) start(node.name);
    // Why it failed is of no interest once it is to be off.
    if (!wanted && !runs) {
      Daemon fresh;
      fresh.status = std::move(daemon.status);
      fresh.waited = daemon.waited;
      daemon = std::move(fresh);
    }
  }
}

void Keeper::start(const std::string& name) {
  daemons_[name].busy = true;
  begin("starting " + name, [this, name] { return run_start(name); });
}

Awaitable Keeper::run_start(std::string name) {
  auto& daemon = daemons_[name];
  const bool is_node = cluster_->find(name) != nullptr;
  if (is_node && daemon.lost) {
    // The supervisor has ended the jobs with it, of which slurmctld would not hear for long.
    const auto told = co_await client_.update_nodes({name}, {"state=down", "reason=slurmd ended"});
    if (!told) observe::warning("slurmctld was not told of a lost node", told.error(), {{"daemon", name}});
  }
  // Slurm counts a node as booted where its boot time is not before the request, both in whole seconds, and a slurmd
  // claims to have been up for a second at least: in the second of the request it would register for nothing.
  if (is_node && !daemon.lost) co_await net::sleep_for(machine_.runtime, until_next_second());
  const auto started = co_await start_daemon(machine_, paths_, cluster_->controller(), name, kStartPatience);
  daemon.busy = false;
  daemon.lost = false;
  if (started) {
    daemon.problem.clear();
    check_again_ = true;
  } else {
    observe::warning("a daemon of a cluster cannot be started", started.error(), {{"environment", id_.str()}});
    daemon.status = machine_.supervisors.status(paths_.process(name));
    failed(name, daemon, started.error().message, true);
  }
  bell_.ring();
}

void Keeper::stop(const std::string& name) {
  daemons_[name].busy = true;
  begin("stopping " + name, [this, name]() -> Awaitable {
    const auto stopped = co_await machine_.supervisors.stop(paths_.process(name));
    auto& daemon = daemons_[name];
    daemon.busy = daemon.expected = daemon.lost = false;
    if (!stopped) failed(name, daemon, stopped.error().message, true);
    bell_.ring();
  });
}

void Keeper::wait_for_end(const std::string& name) {
  daemons_[name].waited = true;
  begin("waiting for " + name, [this, name]() -> Awaitable {
    const auto ended = co_await machine_.supervisors.wait(paths_.process(name));
    if (!ended) co_await net::sleep_for(machine_.runtime, seconds(1));
    daemons_[name].waited = false;
    bell_.ring();
  });
}

Keeper::Steady::time_point Keeper::next_look() const {
  const auto now = Steady::now();
  auto at = checking_ ? now + kCheckPeriod : check_again_ ? now : next_check_;
  for (const auto& [name, daemon] : daemons_) {
    if (!daemon.busy && daemon.retry_at > now) at = std::min(at, daemon.retry_at);
  }
  return at;
}

}  // namespace slipway::provider::local::slurm
