// The environments service's changes: start, stop, terminate, fleet, instances; the ends of executions; start and stop
// of the service.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "broker/audit.h"
#include "broker/ending.h"
#include "broker/environments.h"
#include "broker/outside_status.h"
#include "broker/rows.h"
#include "observe/log.h"
#include "storage/installation.h"
#include "storage/types.h"

namespace slipway::broker {

namespace {

constexpr std::chrono::milliseconds kAgainAfter{100};  // where the queue of changes was full
constexpr std::chrono::seconds kLongestPause{60};      // between two tries to terminate

// True where compute instances may run that no execution is making or ending.
bool may_have_instances(const Environment& environment) {
  return environment.status == Status::available || (environment.status == Status::failed && !environment.rolled_back);
}

base::Error gone(const base::EnvironmentId& id) {
  return base::not_found(fmt::format("The environment {} does not exist any more.", id.str()));
}

// Reads, lets `change` alter the environment and writes it back with its audit record. `change` gives false where
// nothing is to be written. Errors: not_found where it is gone, and those of `change`.
base::Result<bool> change_environment(storage::Connection& connection, const base::EnvironmentId& id,
                                      const Cause& cause, base::Time now, const storage::Sealing& sealing,
                                      const std::function<base::Result<bool>(Environment&)>& change) {
  auto row = TRY(storage::find_environment(connection, id));
  if (!row) return gone(id);
  const auto version = row->version;
  auto environment = TRY(from_row(std::move(*row), sealing));
  if (environment.status == Status::terminated) return gone(id);
  const auto before = summary(environment);
  const auto status = environment.status;
  if (!TRY(change(environment))) return false;
  environment.updated_at = now;
  auto changed = to_row(environment, sealing);
  changed.version = version;
  TRY(storage::update_environment(connection, changed));
  if (environment.status != status) TRY(tell_status(connection, changed));
  TRY(storage::insert_audit(connection, audit_row(cause, now, id.str(), before, summary(environment))));
  return true;
}

}  // namespace

net::Task<EnvironmentPtr> Environments::terminate(base::EnvironmentId id, Cause cause) {
  const storage::Transaction work = [&](storage::Connection& connection) -> base::Result<void> {
    TRY(change_environment(connection, id, cause, clock_.now(), sealing_,
                           [](Environment& changed) -> base::Result<bool> {
                             return std::exchange(changed.status, Status::terminating) != Status::terminating;
                           }));
    return {};
  };
  auto written = co_await database_.write(work);
  while (!written && written.error().kind == base::ErrorKind::throttled) {
    co_await net::sleep_for(runtime_, kAgainAfter);  // it is never refused for lack of room
    written = co_await database_.write(work);
  }
  CO_TRY(std::move(written));
  cache_.drop(id);
  const auto environment = CO_TRY(stored(id));
  // From here on nobody tends it any more, and only from here on something is stopped.
  if (auto* provider = provider_for(environment->region)) provider->release(id);
  tell_events();
  // It is accepted for good: what fails now is tried again.
  if (!co_await go_on_terminating(id)) {
    tasks_.spawn("terminate " + id.str(), [this, id] { return go_on_with_all({id}); });
  }
  co_return CO_TRY(stored(id));
}

net::Task<void> Environments::go_on_terminating(base::EnvironmentId id) {
  const auto environment = CO_TRY(stored(id));
  if (!environment || environment->status != Status::terminating) co_return base::Result<void>();
  if (const auto active = CO_TRY(storage::find_active_execution(database_.reader(), id))) {
    // Its end comes back here.
    if (active->kind != kTerminate) CO_TRY(co_await engine_.cancel(active->id, "terminate"));
    co_return base::Result<void>();
  }
  auto plan = CO_TRY(plan_for(environment->type, environment->type_version, environment->region, kTerminate));
  const auto prepared = CO_TRY(prepare(*environment, std::move(plan), kTerminate, environment->owner));
  bool started = false;
  CO_TRY(co_await database_.write([&](storage::Connection& connection) -> base::Result<void> {
    // Two calls may get here at once; the second finds the first one's execution, or its end.
    started = false;
    if (TRY(storage::find_active_execution(connection, id))) return {};
    const auto row = TRY(storage::find_environment(connection, id));
    if (!row || row->status != to_string(Status::terminating)) return {};
    TRY(prepared.write(connection));
    started = true;
    return {};
  }));
  if (started) engine_.launch(prepared.id);
  co_return base::Result<void>();
}

net::Task<EnvironmentPtr> Environments::start(base::EnvironmentId id, Cause cause) {
  return begin(std::move(id), kStart, std::move(cause));
}

net::Task<EnvironmentPtr> Environments::stop(base::EnvironmentId id, Cause cause) {
  return begin(std::move(id), kStop, std::move(cause));
}

net::Task<EnvironmentPtr> Environments::begin(base::EnvironmentId id, std::string_view operation, Cause cause) {
  const auto before = CO_TRY(stored(id));
  if (!before || before->status == Status::terminated) co_return gone(id);
  if (before->status == under_way(operation)) co_return before;
  auto plan = CO_TRY(plan_for(before->type, before->type_version, before->region, operation));
  CO_TRY(may_begin(operation, *before));
  const auto prepared = CO_TRY(prepare(*before, std::move(plan), operation, cause.who));
  bool begun = false;
  CO_TRY(co_await database_.write([&](storage::Connection& connection) -> base::Result<void> {
    // Of two calls at once the second finds the first one's change.
    const auto change = [&](Environment& changed) -> base::Result<bool> {
      if (changed.status == under_way(operation)) return false;
      TRY(may_begin(operation, changed));
      changed.status = under_way(operation);
      changed.failure.reset();
      return true;
    };
    begun = TRY(change_environment(connection, id, cause, clock_.now(), sealing_, change));
    if (begun) TRY(prepared.write(connection));
    return {};
  }));
  cache_.drop(id);
  // What is to stop is not kept running any more.
  auto* provider = provider_for(before->region);
  if (provider != nullptr && operation == kStop) provider->release(id);
  if (begun) engine_.launch(prepared.id);
  tell_events();
  co_return CO_TRY(stored(id));
}

net::Task<EnvironmentPtr> Environments::set_fleet(base::EnvironmentId id, Fleet fleet, Cause cause) {
  const auto now = clock_.now();
  CO_TRY(co_await database_.write([&](storage::Connection& connection) -> base::Result<void> {
    TRY(change_environment(connection, id, cause, now, sealing_, [&](Environment& environment) -> base::Result<bool> {
      if (environment.status != Status::available) {
        return base::conflict(fmt::format("The fleet of {} cannot change while it is {}.", environment.name,
                                          to_string(environment.status)));
      }
      environment.fleet_updated_at = now;
      return std::exchange(environment.fleet, fleet) != fleet;
    }));
    return {};
  }));
  cache_.drop(id);
  auto environment = CO_TRY(stored(id));
  auto* provider = provider_for(environment->region);
  if (provider != nullptr && environment->status == Status::available) provider->tend(*environment);
  co_return environment;
}

net::Task<void> Environments::terminate_instances(base::EnvironmentId id, Cause cause) {
  const auto environment = CO_TRY(stored(id));
  auto* provider = environment ? provider_for(environment->region) : nullptr;
  if (provider == nullptr || !may_have_instances(*environment)) co_return base::Result<void>();
  const auto audit = audit_row(cause, clock_.now(), id.str(), summary(*environment), summary(*environment));
  CO_TRY(co_await database_.write(
      [&](storage::Connection& connection) { return storage::insert_audit(connection, audit); }));
  co_return co_await provider->terminate_instances(*environment);
}

// From the row, not the registry: this is the writer's thread. Once for each version, since every change waits for it.
base::Result<InstanceKeys> Environments::keys_of_instance(storage::Connection& connection,
                                                          const Environment& environment) {
  const auto version = std::pair(environment.type, environment.type_version);
  const auto known = instance_keys_.find(version);
  if (known != instance_keys_.end()) return known->second;
  const auto pinned = TRY(storage::find_type_version(connection, environment.type, environment.type_version));
  if (!pinned) return InstanceKeys{};
  return instance_keys_[version] = instance_keys(pinned->files);
}

base::Result<void> Environments::finalise(storage::Connection& connection, const workflow::Ended& ended) {
  auto row = TRY(storage::find_environment(connection, ended.identity.environment_id));
  if (!row) return {};
  const auto version = row->version;
  auto environment = TRY(from_row(std::move(*row), sealing_));
  const auto status = environment.status;
  apply_end(ended, environment);
  if (ended.kind == kLaunch && environment.type_version > 0) {
    const auto keys = TRY(keys_of_instance(connection, environment));
    const auto facts = instance_of(keys, ended.outputs);
    environment.instance_id = facts.id;
    environment.instance_arn = facts.arn;
    environment.instance_role = facts.role;
  }
  auto changed = to_row(environment, sealing_);
  changed.version = version;
  TRY(storage::update_environment(connection, changed));
  return environment.status == status ? base::Result<void>() : tell_status(connection, changed);
}

void Environments::ended(const workflow::Ended& ended) {
  const auto& id = ended.identity.environment_id;
  cache_.drop(id);
  tell_events();
  const auto environment = stored(id);
  if (!environment || !*environment) return;
  const auto& found = **environment;
  observe::info("environment changed", {{"environment", id.str()},
                                        {"name", found.name},
                                        {"status", to_string(found.status)},
                                        {"reason", found.failure ? found.failure->reason : ""},
                                        {observe::kCorrelationId, found.correlation_id}});
  if (found.status == Status::terminating) {
    tasks_.spawn("terminate " + found.name, [this, id] { return go_on_with_all({id}); });
  }
  if (!has_resources(found)) {
    tasks_.spawn("sweep after " + found.name, [this, id] { return sweep_after(id); });
  }
  auto* provider = provider_for(found.region);
  if (provider != nullptr && found.status == Status::available) provider->tend(found);
}

void Environments::progress(const workflow::Progress& progress) {
  if (progress.what == "Progress") {
    if (telling_) tell_events();  // what was durable before the line
    events_.publish(progress);
    progress_[progress.environment_id] = progress.text;
    return;
  }
  tell_events_soon();
  progress_.erase(progress.environment_id);
  if (progress.what == "Ended") return;  // ended() tells what it means
  observe::info("step", {{"environment", progress.environment_id.str()},
                         {"name", progress.environment_name},
                         {"execution", progress.execution_id.str()},
                         {"kind", progress.kind},
                         {"event", progress.what},
                         {"step", progress.step},
                         {"attempt", progress.attempt},
                         {"text", progress.text},
                         {observe::kCorrelationId, progress.correlation_id}});
}

void Environments::notice(const base::EnvironmentId& id, std::string what, std::string words) {
  observe::warning("something became of an environment by itself",
                   {{"environment", id.str()}, {"what", what}, {"words", words}});
  tasks_.spawn("notice of " + id.str(), [this, id, what, words]() -> boost::asio::awaitable<void> {
    const auto now = clock_.now();
    const auto audit = audit_row(by_the_broker(what), now, id.str(), {}, {{"reason", words}});
    const auto written = co_await database_.write([=](storage::Connection& connection) -> base::Result<void> {
      TRY(storage::insert_audit(connection, audit));
      return tell_warning(connection, id, words, {}, now);
    });
    if (!written) observe::error("it cannot be put on record", written.error(), {{"environment", id.str()}});
    tell_events();
  });
}

base::Result<void> Environments::record(storage::Connection& connection, const Cause& cause, std::string target,
                                        const boost::json::object& before, const boost::json::object& after) const {
  return storage::insert_audit(connection, audit_row(cause, clock_.now(), std::move(target), before, after));
}

net::Task<void> Environments::start() {
  std::int64_t epoch = 0;
  storage::EventPlace before;
  CO_TRY(co_await database_.write([&](storage::Connection& connection) -> base::Result<void> {
    epoch = TRY(storage::next_event_epoch(connection));
    before = TRY(storage::last_event(connection));
    return {};
  }));
  events_.begin_epoch(epoch, before);
  std::vector<base::EnvironmentId> with_resources;
  std::vector<base::EnvironmentId> terminating;
  std::vector<Environment> available;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    base::Result<void> readable;
    TRY(storage::each_live_environment(connection, [&](storage::EnvironmentRow row) {
      auto read = from_row(std::move(row), sealing_);
      if (!read) {
        readable = std::move(read).error();
        return;
      }
      auto& environment = *read;
      if (has_resources(environment)) with_resources.push_back(environment.id);
      if (environment.status == Status::terminating) terminating.push_back(environment.id);
      if (environment.status == Status::available) available.push_back(std::move(environment));
    }));
    return readable;
  }));
  for (auto* provider : providers_) {
    tasks_.spawn("sweep", [this, provider, leftovers = provider->leftovers(with_resources)] {
      return sweep(*provider, leftovers);
    });
  }
  tasks_.spawn("sweep of leftovers", [this] { return sweep_after(std::nullopt); });
  for (auto* provider : providers_) provider->report_to(this);
  for (const auto& environment : available) {
    if (auto* provider = provider_for(environment.region)) provider->tend(environment);
  }
  CO_TRY(co_await engine_.start());
  tasks_.spawn("lifetimes", [this] { return watch_lifetimes(); });
  tasks_.spawn("terminate", [this, terminating] { return go_on_with_all(terminating); });
  co_return base::Result<void>();
}

boost::asio::awaitable<void> Environments::stop() {
  for (auto* provider : providers_) provider->report_to(nullptr);
  tasks_.cancel();
  co_await engine_.stop();
  tasks_.cancel();  // those too that an execution began which ended meanwhile
  co_await tasks_.join();
}

boost::asio::awaitable<void> Environments::go_on_with_all(std::vector<base::EnvironmentId> terminating) {
  for (std::chrono::seconds pause(1);; pause = std::min(pause * 2, kLongestPause)) {
    std::vector<base::EnvironmentId> left;
    for (const auto& id : terminating) {
      const auto done = co_await go_on_terminating(id);
      if (done) continue;
      observe::error("an environment cannot be terminated yet", done.error(), {{"environment", id.str()}});
      left.push_back(id);
    }
    if (left.empty()) co_return;
    terminating = std::move(left);
    co_await net::sleep_for(runtime_, pause);
  }
}

boost::asio::awaitable<void> Environments::sweep(Provider& provider, std::vector<std::string> leftovers) {
  for (const auto& leftover : leftovers) {
    const auto removed = co_await provider.remove_leftover(leftover);
    if (removed) {
      observe::warning("removed what belonged to no environment", {{"leftover", leftover}});
    } else {
      observe::error("what belongs to no environment cannot be removed", removed.error(), {{"leftover", leftover}});
    }
  }
}

}  // namespace slipway::broker
