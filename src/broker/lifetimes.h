#pragma once
// Watches over the ends of environments: of their time to live, and of what is idle (the rules themselves: lifetime.h).
// What is due is found in the database at every look, so that a broker which was down over an end, or was killed
// between its warning and the end, goes on as if it had not been. Owned by the environments service, which it asks to
// end what is due. On the I/O thread.

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "broker/cause.h"
#include "broker/environment_cache.h"
#include "broker/event_feed.h"
#include "broker/lifetime.h"
#include "broker/providers.h"
#include "broker/types.h"
#include "net/runtime.h"
#include "storage/database.h"

namespace slipway::broker {

class Lifetimes {
 public:
  // Stops or terminates an environment, as Environments::stop and terminate do.
  using End = std::function<net::Task<EnvironmentPtr>(base::EnvironmentId id, EndAction action, Cause cause)>;

  // What it works with; all of it outlives it.
  struct Services {
    net::Runtime& runtime;
    storage::Database& database;
    const base::Clock& clock;
    const TypeRegistry& types;
    const Providers& providers;
    EnvironmentCache& cache;
    EventFeed& events;
  };
  Lifetimes(Services services, LifetimeSettings settings, End end);

  void start();                         // begins to look, every quarter of a minute
  boost::asio::awaitable<void> stop();  // twice is harmless

  // Moves the end of an environment's time to `time_to_live` from now; one that is later already, or none, stays.
  // Durable when it returns. Errors: invalid where that is longer than the type allows; conflict while it is
  // terminating; not_found.
  net::Task<EnvironmentPtr> extend(base::EnvironmentId id, std::chrono::milliseconds time_to_live, Cause cause);
  // Warns of ends, and ends what is due or idle. It does this by itself; call it where the clock was set by hand.
  // `steady`: what a clock shows that nobody sets.
  boost::asio::awaitable<void> look(std::chrono::steady_clock::time_point steady);

 private:
  boost::asio::awaitable<void> watch();
  // `in_use`: the types that environments use.
  boost::asio::awaitable<void> look_at_ends(std::vector<TypePtr> in_use, base::Time now);
  boost::asio::awaitable<void> warn_of_end(Environment environment, EndAction action);
  boost::asio::awaitable<void> end_by_itself(Environment environment, EndAction action, std::string operation);
  // `settled`: there was a look before. `anew`: the clock was set meanwhile, so idleness is counted from now on.
  boost::asio::awaitable<void> look_at_idle(std::vector<TypePtr> in_use, base::Time now, bool settled, bool anew);
  boost::asio::awaitable<void> look_at_activity(Environment environment, TypePtr type, base::Time now, bool settled,
                                                bool anew);
  net::Task<Activity> activity_of(Environment environment, TypePtr type);
  // The one of `in_use` that it was launched with; null where this broker cannot read it.
  TypePtr type_of(const Environment& environment, const std::vector<TypePtr>& in_use) const;

  const Services services_;
  const LifetimeSettings settings_;
  const End end_;
  std::multiset<base::EnvironmentId> extending_;    // their end is being moved: it is not acted upon
  std::set<base::EnvironmentId> unknown_activity_;  // of which that was said
  std::optional<std::pair<std::chrono::steady_clock::time_point, base::Time>> last_look_;
  net::TaskGroup tasks_;
};

}  // namespace slipway::broker
