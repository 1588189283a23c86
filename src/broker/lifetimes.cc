#include "broker/lifetimes.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "broker/admission.h"
#include "broker/audit.h"
#include "broker/connection.h"
#include "net/deadline.h"
#include "net/join.h"
#include "observe/log.h"
#include "storage/environments.h"
#include "storage/lifetimes.h"

namespace slipway::broker {

using std::chrono::milliseconds;

namespace {

constexpr std::chrono::minutes kCoarse{1};  // activity is stored no finer

}  // namespace

Lifetimes::Lifetimes(Services services, LifetimeSettings settings, End end)
    : services_(services), settings_(settings), end_(std::move(end)), tasks_(services.runtime) {}

void Lifetimes::start() {
  tasks_.spawn("lifetimes", [this] { return watch(); });
}

boost::asio::awaitable<void> Lifetimes::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

TypePtr Lifetimes::type_of(const Environment& environment, const std::vector<TypePtr>& in_use) const {
  if (environment.type_version == 0) return services_.types.find(environment.type);
  const auto is_it = [&](const TypePtr& type) {
    return type->version == environment.type_version && type->name == environment.type;
  };
  const auto found = std::ranges::find_if(in_use, is_it);
  return found == in_use.end() ? nullptr : *found;
}

net::Task<EnvironmentPtr> Lifetimes::extend(base::EnvironmentId id, milliseconds time_to_live, Cause cause) {
  const auto environment = CO_TRY(services_.cache.find(id));
  if (!environment || environment->status == Status::terminated) {
    co_return base::not_found(fmt::format("The environment {} does not exist any more.", id.str()));
  }
  if (environment->status == Status::terminating) {
    co_return base::conflict(fmt::format("{} is terminating already.", environment->name));
  }
  const auto type = CO_TRY(co_await services_.types.load(environment->type, environment->type_version));
  const auto end = CO_TRY(end_of(*type, environment->created_at, time_to_live, services_.clock.now()));
  // An extension never takes time away.
  if (!environment->expires_at || (end && *end <= *environment->expires_at)) co_return environment;
  // What comes last is what counts: an end that is due at this moment waits for this, and one that was acted upon
  // refuses.
  const std::shared_ptr<void> extended(nullptr, [this, at = extending_.insert(id)](void*) { extending_.erase(at); });
  const auto now = services_.clock.now();
  const auto written = co_await services_.database.write([&](storage::Connection& connection) -> base::Result<void> {
    const auto row = TRY(storage::find_environment(connection, id));
    if (!row || row->status == to_string(Status::terminating) || row->status == to_string(Status::terminated)) {
      return base::conflict(fmt::format("{} is terminating already.", environment->name));
    }
    if (!row->expires_at || *end <= *row->expires_at) return {};  // of two at once the later end stays
    TRY(storage::set_expiry(connection, id, end));
    return storage::insert_audit(connection,
                                 audit_row(cause, now, id.str(), {{"expiresAt", base::iso8601(*row->expires_at)}},
                                           {{"expiresAt", base::iso8601(*end)}}));
  });
  services_.cache.drop(id);
  CO_TRY(written);
  co_return CO_TRY(services_.cache.find(id));
}

boost::asio::awaitable<void> Lifetimes::watch() {
  for (;;) {
    co_await look(std::chrono::steady_clock::now());
    co_await net::sleep_for(services_.runtime, settings_.look);
  }
}

boost::asio::awaitable<void> Lifetimes::look(std::chrono::steady_clock::time_point steady) {
  const auto now = services_.clock.now();
  auto step = milliseconds(0);
  if (last_look_) {
    step = clock_step(now - last_look_->second, std::chrono::duration_cast<milliseconds>(steady - last_look_->first));
  }
  if (step != milliseconds(0)) {
    observe::warning("the clock was set; idle times begin anew", {{"seconds", step.count() / 1000}});
  }
  const auto types = co_await services_.types.in_use();
  if (types) {
    co_await look_at_ends(*types, now);
    co_await look_at_idle(*types, now, last_look_.has_value(), step != milliseconds(0));
  } else {
    observe::error("the types in use cannot be read", types.error());
  }
  last_look_ = {steady, now};
}

boost::asio::awaitable<void> Lifetimes::look_at_ends(std::vector<TypePtr> in_use, base::Time now) {
  auto horizon = milliseconds(0);
  for (const auto& type : in_use) horizon = std::max(horizon, type->time_to_live.warn);
  std::vector<base::EnvironmentId> ids;
  const auto read = co_await services_.database.read([&](storage::Connection& connection) -> base::Result<void> {
    ids = TRY(storage::ending_environments(connection, now + horizon));
    return {};
  });
  if (!read) observe::error("the ends of environments cannot be read", read.error());
  for (const auto& id : ids) {
    const auto found = services_.cache.find(id);
    const auto type = found && *found ? type_of(**found, in_use) : nullptr;
    if (!type || extending_.contains(id)) continue;
    const auto& environment = **found;
    switch (end_step(environment, type->time_to_live, now)) {
      case EndStep::nothing:
        break;
      case EndStep::warn:
        co_await warn_of_end(environment, type->time_to_live.action);
        break;
      case EndStep::end:
        co_await end_by_itself(environment, type->time_to_live.action, "TimeToLiveEnded");
        break;
    }
  }
}

// The record of it is durable with the note that it was given: never twice for one end.
boost::asio::awaitable<void> Lifetimes::warn_of_end(Environment environment, EndAction action) {
  const auto now = services_.clock.now();
  const boost::json::object about{{"expiresAt", base::iso8601(*environment.expires_at)}, {"action", to_string(action)}};
  const auto audit = audit_row(by_the_broker("TimeToLiveWarning"), now, environment.id.str(), {}, about);
  bool warned = false;
  const auto written = co_await services_.database.write([&](storage::Connection& connection) -> base::Result<void> {
    warned = TRY(storage::set_warned(connection, environment.id, *environment.expires_at, now));
    if (!warned) return {};
    TRY(storage::insert_audit(connection, audit));
    return tell_warning(connection, environment.id, "its time ends soon", about, now);
  });
  services_.cache.drop(environment.id);
  if (!written || !warned) co_return;
  services_.events.tell();
  observe::warning("an environment's time ends soon", {{"environment", environment.id.str()},
                                                       {"name", environment.name},
                                                       {"at", base::iso8601(*environment.expires_at)},
                                                       {"action", to_string(action)},
                                                       {observe::kCorrelationId, environment.correlation_id}});
}

boost::asio::awaitable<void> Lifetimes::end_by_itself(Environment environment, EndAction action,
                                                      std::string operation) {
  const auto cause = by_the_broker(std::move(operation));
  const auto ended = co_await end_(environment.id, action, cause);
  if (ended) {
    observe::info("an environment ends by itself", {{"environment", environment.id.str()},
                                                    {"name", environment.name},
                                                    {"why", cause.operation},
                                                    {"action", to_string(action)},
                                                    {observe::kCorrelationId, environment.correlation_id}});
  } else if (ended.error().kind != base::ErrorKind::conflict && ended.error().kind != base::ErrorKind::not_found) {
    // Somebody else was first in those two cases. In every other the next look tries again.
    observe::error("an environment cannot be ended", ended.error(), {{"environment", environment.id.str()}});
  }
}

boost::asio::awaitable<void> Lifetimes::look_at_idle(std::vector<TypePtr> in_use, base::Time now, bool settled,
                                                     bool anew) {
  std::vector<base::EnvironmentId> ids;
  std::set<std::string> names;
  for (const auto& type : in_use) {
    if (type->idle) names.insert(type->name);
  }
  for (const auto& name : names) {
    const auto read = co_await services_.database.read([&](storage::Connection& connection) -> base::Result<void> {
      for (auto& id : TRY(storage::environments_with_status(connection, name, to_string(Status::available)))) {
        ids.push_back(std::move(id));
      }
      return {};
    });
    if (!read) observe::error("environments cannot be read", read.error());
  }
  // What is not available any more is forgotten.
  std::erase_if(unknown_activity_, [&](const auto& id) { return std::ranges::find(ids, id) == ids.end(); });
  // Side by side: a source that hangs holds nobody else up.
  std::vector<net::NamedTask> tasks;
  for (const auto& id : ids) {
    const auto found = services_.cache.find(id);
    auto type = found && *found ? type_of(**found, in_use) : nullptr;
    if (!type) continue;
    tasks.push_back({"activity of " + id.str(), [this, environment = **found, type, now, settled, anew] {
                       return look_at_activity(environment, type, now, settled, anew);
                     }});
  }
  net::TaskGroup looks(services_.runtime);
  co_await net::run_together(looks, std::move(tasks));
}

net::Task<Activity> Lifetimes::activity_of(Environment environment, TypePtr type) {
  auto& provider = *services_.providers.serving(environment.region);
  if (type->idle->http.empty() || !type->endpoint) co_return co_await provider.activity(environment);
  const auto prefix = type->endpoint->prefix ? connect_path(environment.id) : std::string();
  Activity all{.known = true};
  std::optional<base::Error> failure;
  // Side by side, so that an answer that shows a use counts though another never comes.
  net::TaskGroup questions(services_.runtime);
  std::vector<net::NamedTask> tasks;
  for (const auto& question : type->idle->http) {
    auto ask = [&, &asked = question]() -> boost::asio::awaitable<void> {
      const auto answer = co_await provider.ask(environment, *type->endpoint, prefix + asked.path);
      if (answer) {
        all = together(all, told_by(asked, *answer));
      } else {
        failure = answer.error();
      }
      if (all.busy) questions.cancel();
    };
    tasks.push_back({"question " + question.path, std::move(ask)});
  }
  co_await net::run_together(questions, std::move(tasks));
  // What was not told may be the only thing that uses it, so it counts as unknown, unless another answer shows a use.
  if (failure && !all.busy) co_return std::move(*failure);
  co_return all;
}

boost::asio::awaitable<void> Lifetimes::look_at_activity(Environment environment, TypePtr type, base::Time now,
                                                         bool settled, bool anew) {
  if (!type->idle || services_.providers.serving(environment.region) == nullptr) co_return;
  const auto after = type->idle_after(environment.parameters);
  if (after <= std::chrono::minutes(0)) co_return;
  const auto answered = co_await net::with_deadline<Activity>(services_.runtime, net::in(settings_.patience),
                                                              "activity was not told in time",
                                                              [&] { return activity_of(environment, type); });
  const auto seen = answered ? *answered : Activity{};
  if (!seen.known) {
    if (unknown_activity_.insert(environment.id).second) {
      observe::warning("an environment's activity is unknown, so it is not ended when idle",
                       {{"environment", environment.id.str()},
                        {"name", environment.name},
                        {"reason", answered ? "nothing that it was asked tells" : answered.error().message},
                        {observe::kCorrelationId, environment.correlation_id}});
    }
  } else {
    unknown_activity_.erase(environment.id);
  }
  if (!anew && is_idle(environment, after, seen, settled, now)) {
    co_return co_await end_by_itself(environment, type->idle->action, "Idle");
  }
  const auto last = anew ? now : last_active(environment, seen, now);
  if (!anew && environment.last_active_at && last < *environment.last_active_at + kCoarse) co_return;
  const auto written = co_await services_.database.write([id = environment.id, last](storage::Connection& connection) {
    return storage::set_last_active(connection, id, last);
  });
  if (written) services_.cache.drop(environment.id);
}

}  // namespace slipway::broker
