// The environments service's changes: start, stop, terminate, fleet, instances.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "broker/audit.h"
#include "broker/ending.h"
#include "broker/environments.h"
#include "broker/rows.h"
#include "observe/log.h"

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
  const auto environment = CO_TRY(cache_.find(id));
  // From here on nobody tends it any more, and only from here on something is stopped.
  if (auto* provider = providers_.serving(environment->region)) provider->release(id);
  events_.tell();
  // It is accepted for good: what fails now is tried again.
  if (!co_await go_on_terminating(id)) {
    tasks_.spawn("terminate " + id.str(), [this, id] { return go_on_with_all({id}); });
  }
  co_return CO_TRY(cache_.find(id));
}

net::Task<void> Environments::go_on_terminating(base::EnvironmentId id) {
  const auto environment = CO_TRY(cache_.find(id));
  if (!environment || environment->status != Status::terminating) co_return base::Result<void>();
  if (const auto active = CO_TRY(storage::find_active_execution(database_.reader(), id))) {
    // Its end comes back here.
    if (active->kind != kTerminate) CO_TRY(co_await engine_.cancel(active->id, "terminate"));
    co_return base::Result<void>();
  }
  auto plan = CO_TRY(co_await document_of(environment, std::string(kTerminate)));
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
  const auto before = CO_TRY(cache_.find(id));
  if (!before || before->status == Status::terminated) co_return gone(id);
  if (before->status == under_way(operation)) co_return before;
  auto plan = CO_TRY(co_await document_of(before, std::string(operation)));
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
  auto* provider = providers_.serving(before->region);
  if (provider != nullptr && operation == kStop) provider->release(id);
  if (begun) engine_.launch(prepared.id);
  events_.tell();
  co_return CO_TRY(cache_.find(id));
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
  auto environment = CO_TRY(cache_.find(id));
  auto* provider = providers_.serving(environment->region);
  if (provider != nullptr && environment->status == Status::available) provider->tend(*environment);
  co_return environment;
}

net::Task<void> Environments::terminate_instances(base::EnvironmentId id, Cause cause) {
  const auto environment = CO_TRY(cache_.find(id));
  auto* provider = environment ? providers_.serving(environment->region) : nullptr;
  if (provider == nullptr || !may_have_instances(*environment)) co_return base::Result<void>();
  const auto audit = audit_row(cause, clock_.now(), id.str(), summary(*environment), summary(*environment));
  CO_TRY(co_await database_.write(
      [&](storage::Connection& connection) { return storage::insert_audit(connection, audit); }));
  co_return co_await provider->terminate_instances(*environment);
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

base::Result<void> Environments::record(storage::Connection& connection, const Cause& cause, std::string target,
                                        const boost::json::object& before, const boost::json::object& after) const {
  return storage::insert_audit(connection, audit_row(cause, clock_.now(), std::move(target), before, after));
}

}  // namespace slipway::broker
