#pragma once
// The service behind every surface: launches environments, tells how they are, changes and ends them. The database is
// the one truth; what is kept in memory is a copy of single rows, dropped with every change. What is a matter of its
// own has a class of its own, which this one owns and hands out: executions, connections, lifetimes, leftovers, events.
// Used by surfaces; all calls on the I/O thread. Knows no HTTP, no dialect and no provider but by its interface.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "broker/cause.h"
#include "broker/connections.h"
#include "broker/environment.h"
#include "broker/environment_cache.h"
#include "broker/environment_type.h"
#include "broker/event_feed.h"
#include "broker/executions.h"
#include "broker/leftovers.h"
#include "broker/lifetimes.h"
#include "broker/provider.h"
#include "broker/providers.h"
#include "broker/types.h"
#include "net/runtime.h"
#include "storage/database.h"
#include "storage/listings.h"
#include "storage/resources.h"
#include "workflow/engine.h"

namespace slipway::broker {

struct LaunchRequest {
  Cause cause;
  std::string type;
  std::string region;
  std::string name;
  int version = 0;                 // of the type; 0: the current one
  std::string configuration{};     // of the type, by name; empty: none
  boost::json::object parameters;  // as the type declares them; they win over the configuration's
  std::map<std::string, std::string> tags;
  std::string request_document;                             // exact text the client sent
  std::optional<std::chrono::milliseconds> time_to_live{};  // from now on; unset: what the type says
};

// A launch that passed every check and is not yet written.
struct Launch {
  Cause cause;
  Environment environment;  // without id and times
  std::shared_ptr<const workflow::Plan> plan;
};

struct EnvironmentPage {
  std::vector<EnvironmentPtr> environments;  // in the order they were made
  std::string next;                          // token of the next page, empty at the end
};

struct Explanation;  // broker/why.h

class Environments final : private workflow::Listener, private workflow::Documents, private Notices {
 public:
  // All references, the providers and the settings' sealing, which seals environments too, outlive it.
  Environments(net::Runtime& runtime, storage::Database& database, const base::Clock& clock, const TypeRegistry& types,
               const workflow::ActionRegistry& actions, std::vector<Provider*> providers,
               workflow::EngineSettings settings = {}, LifetimeSettings lifetimes = {});
  ~Environments() override;  // after stop_service() has returned

  // Goes on with everything that was under way, looks after what lives and begins to sweep local resources that belong
  // to nobody. Once, before anything else; returns when requests may come.
  net::Task<void> start_service();
  // Twice is harmless. Nothing that runs is ended.
  boost::asio::awaitable<void> stop_service();

  Executions& executions() { return executions_; }
  Connections& connections() { return connections_; }
  Lifetimes& lifetimes() { return lifetimes_; }
  Leftovers& leftovers() { return leftovers_; }
  EventFeed& events() { return events_; }

  bool serves(std::string_view region) const;

  // Everything that decides whether a launch makes sense: type and region known, parameters in order, every step of the
  // type's documents one that this broker can do, the provider able. Changes nothing; an existing name is no matter
  // here. Errors: invalid, with the provider's code where it refused.
  base::Result<Launch> check(LaunchRequest request) const;
  // Durable when it returns: environment (pending), execution and audit record in one transaction. Errors: conflict
  // where the name is taken, throttled where too many launches wait, invalid.
  net::Task<EnvironmentPtr> launch(Launch launch);

  // Null where there is none. The first finds what is not terminated; by id also what is gone. A launch that failed and
  // is being taken back shows as failed and rolling back.
  base::Result<EnvironmentPtr> find(std::string_view type, std::string_view region, std::string_view name);
  base::Result<EnvironmentPtr> find(const base::EnvironmentId& id);
  // By id, or by name: the one that lives, else the newest that had it. Errors: not_found; conflict where several live.
  base::Result<EnvironmentPtr> resolve(const std::string& name_or_id);
  // The execution of this id; of an environment (its name or id) the newest, or the one of its children for which that
  // waits. Errors: not_found; conflict where several environments of that name live.
  base::Result<base::ExecutionId> resolve_execution(const std::string& name, Executions::Meant meant);
  // At most `limit` of a type and region that are not terminated; `token` as a page before gave it, else empty.
  // Errors: invalid, a token that is none.
  net::Task<EnvironmentPage> list(std::string type, std::string region, std::string token, int limit);
  // A page over all types and regions.
  net::Task<EnvironmentPage> list(storage::EnvironmentFilter filter, std::string token, int limit);
  // What the environment has made, what is gone again included, by kind and locator.
  net::Task<std::vector<storage::ResourceRow>> resources(base::EnvironmentId id);
  // Everything that led to where the environment is, also after it is gone. By id, or by name: the newest that had it;
  // by the id of an execution: its environment, and that execution alone. Errors: not_found.
  net::Task<Explanation> explain(std::string name_or_id);

  // Accepted in every state and never refused by limits; a launch under way is cancelled first. While it is terminating
  // already, nothing happens. Errors: not_found where it is gone.
  net::Task<EnvironmentPtr> terminate(base::EnvironmentId id, Cause cause);
  // Both durable when they return: starting or stopping, with its execution, in one transaction. The first is possible
  // from stopped, the second from available, both after a start or stop that failed; while it is starting, or stopping,
  // already, nothing happens. A terminate meanwhile cancels them. Errors: conflict in another state; invalid where the
  // type has no such document; not_found.
  net::Task<EnvironmentPtr> start(base::EnvironmentId id, Cause cause);
  net::Task<EnvironmentPtr> stop(base::EnvironmentId id, Cause cause);
  // What is wanted of the compute nodes. Errors: conflict where it is not available.
  net::Task<EnvironmentPtr> set_fleet(base::EnvironmentId id, Fleet fleet, Cause cause);
  // Ends the compute instances of an environment that is available, or failed and was kept; of any other there is
  // nothing to end. Returns when they have ended. Idempotent.
  net::Task<void> terminate_instances(base::EnvironmentId id, Cause cause);

  // Writes the audit record of a change that is not an environment's, in that change's transaction. `target`: what it
  // was about. May run on the writer's thread.
  base::Result<void> record(storage::Connection& connection, const Cause& cause, std::string target,
                            const boost::json::object& before, const boost::json::object& after) const;

  // Live answers of the provider; empty or unknown where no provider serves the region.
  std::vector<Instance> instances(const Environment& environment) const;
  FleetStatus fleet(const Environment& environment) const;
  std::vector<std::pair<std::string, std::string>> tags(const Environment& environment) const;

  workflow::EngineStatistics statistics() const;

 private:
  // workflow::Listener
  base::Result<void> finalise(storage::Connection& connection, const workflow::Ended& ended) override;
  void ended(const workflow::Ended& ended) override;
  base::Result<bool> again(storage::Connection& connection, const workflow::Ended& ended, base::Time now) override;
  void progress(const workflow::Progress& progress) override;

  // workflow::Documents: those of the environment's type, by the base names of their files.
  base::Result<std::shared_ptr<const workflow::Plan>> find(const workflow::Identity& parent,
                                                           std::string_view name) const override;

  void notice(const base::EnvironmentId& id, std::string what, std::string words) override;

  base::Result<InstanceKeys> keys_of_instance(storage::Connection& connection, const Environment& environment);
  // The document by which the environment's type does an operation where it is. Errors: invalid.
  net::Task<std::shared_ptr<const workflow::Plan>> document_of(EnvironmentPtr environment, std::string operation) const;
  // An execution of `plan` for the environment, admitted (broker/admission.h) and not yet written.
  base::Result<workflow::Prepared> prepare(const Environment& environment, std::shared_ptr<const workflow::Plan> plan,
                                           std::string_view operation, const std::string& by) const;
  // `environment` as surfaces shall see it: with a rollback that is under way.
  base::Result<EnvironmentPtr> shown(EnvironmentPtr environment);
  net::Task<EnvironmentPtr> begin(base::EnvironmentId id, std::string_view operation, Cause cause);
  // Brings a terminating environment on its way: cancels what still runs for it, or starts its terminate document.
  net::Task<void> go_on_terminating(base::EnvironmentId id);
  boost::asio::awaitable<void> go_on_with_all(std::vector<base::EnvironmentId> terminating);

  net::Runtime& runtime_;
  storage::Database& database_;
  const base::Clock& clock_;
  const TypeRegistry& types_;
  const workflow::ActionRegistry& actions_;
  const storage::Sealing& sealing_;
  const Providers providers_;
  std::map<std::pair<std::string, int>, InstanceKeys> instance_keys_;  // by type and version; the writer's thread's
  std::map<base::EnvironmentId, std::string> progress_;                // last words of the step that runs; not durable
  // Each uses what stands before it.
  EnvironmentCache cache_;
  EventFeed events_;
  Leftovers leftovers_;
  Connections connections_;
  Lifetimes lifetimes_;
  net::TaskGroup tasks_;
  workflow::Engine engine_;
  Executions executions_;
};

}  // namespace slipway::broker
