#pragma once
// The service behind every surface: launches environments, tells how they are, changes and ends them. The database is
// the one truth; what is kept in memory is a copy of single rows, dropped with every change. Used by surfaces; all
// calls on the I/O thread. Knows no HTTP, no dialect and no provider but by its interface.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "broker/environment.h"
#include "broker/environment_cache.h"
#include "broker/environment_type.h"
#include "broker/events.h"
#include "broker/lifetime.h"
#include "broker/provider.h"
#include "broker/resources.h"
#include "broker/tickets.h"
#include "broker/types.h"
#include "net/runtime.h"
#include "storage/database.h"
#include "storage/executions.h"
#include "storage/listings.h"
#include "workflow/engine.h"
#include "workflow/history.h"

namespace slipway::broker {

// Who asks for a change, through which surface: for the audit record and for `why`.
struct Cause {
  std::string who;        // the caller's name
  std::string surface;    // "parallelcluster"
  std::string operation;  // the surface's word, such as CreateCluster
  std::string request_id;
  std::string correlation_id;  // the caller's, may be empty
};

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

struct ExecutionPage {
  std::vector<storage::ListedExecution> executions;  // newest first
  std::string next;                                  // token of the next page, empty at the end
};

struct EventText {
  std::string text;     // empty where there is nothing new
  Events::Place place;  // behind it
};

struct ClientConnection;  // broker/connection.h
struct Explanation;       // broker/why.h

class Environments final : private workflow::Listener, private workflow::Documents, private Notices {
 public:
  // All references, the providers and the settings' sealing, which seals environments too, outlive it.
  Environments(net::Runtime& runtime, storage::Database& database, const base::Clock& clock, const TypeRegistry& types,
               const workflow::ActionRegistry& actions, std::vector<Provider*> providers,
               workflow::EngineSettings settings = {}, LifetimeSettings lifetimes = {});
  ~Environments() override;  // after stop() has returned

  // Goes on with everything that was under way, looks after what lives and begins to sweep local resources that belong
  // to nobody. Once, before anything else; returns when requests may come.
  net::Task<void> start();
  // Twice is harmless. Nothing that runs is ended.
  boost::asio::awaitable<void> stop();

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
  // At most `limit` of a type and region that are not terminated; `token` as a page before gave it, else empty.
  // Errors: invalid, a token that is none.
  net::Task<EnvironmentPage> list(std::string type, std::string region, std::string token, int limit);

  // Accepted in every state and never refused by limits; a launch under way is cancelled first. While it is terminating
  // already, nothing happens. Errors: not_found where it is gone.
  net::Task<EnvironmentPtr> terminate(base::EnvironmentId id, Cause cause);
  // Both durable when they return: starting or stopping, with its execution, in one transaction. The first is possible
  // from stopped, the second from available, both after a start or stop that failed; while it is starting, or stopping,
  // already, nothing happens. A terminate meanwhile cancels them. Errors: conflict in another state; invalid where the
  // type has no such document; not_found.
  net::Task<EnvironmentPtr> start(base::EnvironmentId id, Cause cause);
  net::Task<EnvironmentPtr> stop(base::EnvironmentId id, Cause cause);
  // Runs the type's connect document and gives what a client needs; nothing of it is stored. Errors: conflict where it
  // is not available; invalid where the type has no such document; those of the document's steps; timed_out.
  net::Task<ClientConnection> connect(base::EnvironmentId id, Cause cause);
  // How the broker reaches its program's HTTP server. Errors: as connect(), and invalid where its type has no endpoint.
  net::Task<Endpoint> endpoint(base::EnvironmentId id);
  // Moves the end of its time to `time_to_live` from now; one that is later already, or none, stays. Durable when it
  // returns. Errors: invalid where that is longer than the type allows; conflict while it is terminating; not_found.
  net::Task<EnvironmentPtr> extend(base::EnvironmentId id, std::chrono::milliseconds time_to_live, Cause cause);
  // Warns of ends, and ends what is due or idle: the service does this by itself every quarter of a minute; call it
  // where the clock was set by hand. `steady`: what a clock shows that nobody sets.
  boost::asio::awaitable<void> look_at_lifetimes(std::chrono::steady_clock::time_point steady);
  // What is wanted of the compute nodes. Errors: conflict where it is not available.
  net::Task<EnvironmentPtr> set_fleet(base::EnvironmentId id, Fleet fleet, Cause cause);
  // Ends the compute instances of an environment that is available, or failed and was kept; of any other there is
  // nothing to end. Returns when they have ended. Idempotent.
  net::Task<void> terminate_instances(base::EnvironmentId id, Cause cause);

  // The execution of this id; of an environment (its name or id) the newest, or the one of its children for which that
  // waits. Errors: not_found; conflict where several environments of that name live.
  enum class Meant { the_whole, the_one_that_waits };
  base::Result<base::ExecutionId> resolve_execution(const std::string& name, Meant meant);
  // Says to an execution what it waits for, as workflow::Engine::signal does; the signal is the cause's caller's.
  // Returns when it has acted, as cancel_execution() does: what is told of the execution then is what came of it.
  net::Task<workflow::SignalResult> signal(base::ExecutionId id, workflow::Signal signal, Cause cause);
  // Ends an execution, as workflow::Engine::cancel does. Returns when it has acted, or its step has not stopped within
  // seconds. Errors: not_found, conflict where it has ended.
  net::Task<void> cancel_execution(base::ExecutionId id, bool complete, Cause cause);

  // What the environment has made, what is gone again included, by kind and locator.
  net::Task<std::vector<storage::ResourceRow>> resources(base::EnvironmentId id);
  // What outlived its environment, of one that is gone or of all, at most 1000. On this machine it is swept as soon as
  // the environment is gone, so what is listed is what resisted; elsewhere a person decides.
  net::Task<std::vector<storage::LeftoverRow>> leftovers(std::optional<base::EnvironmentId> id = std::nullopt);
  // Tries again to take away what of them is on this machine, and gives what is left.
  net::Task<std::vector<storage::LeftoverRow>> reap_leftovers(Cause cause);

  // By id, or by name: the one that lives, else the newest that had it. Errors: not_found; conflict where several live.
  base::Result<EnvironmentPtr> resolve(const std::string& name_or_id);
  // A page over all types and regions.
  net::Task<EnvironmentPage> list(storage::EnvironmentFilter filter, std::string token, int limit);

  net::Task<ExecutionPage> list_executions(storage::ExecutionFilter filter, std::string token, int limit);
  // Errors: not_found, here and in what follows.
  net::Task<workflow::ExecutionHistory> execution(base::ExecutionId id);
  // Rows behind `after`, oldest first.
  net::Task<std::vector<storage::JournalRow>> journal(base::ExecutionId id, std::int64_t after, int limit);

  // Everything that led to where the environment is, also after it is gone. By id, or by name: the newest that had it;
  // by the id of an execution: its environment, and that execution alone. Errors: not_found.
  net::Task<Explanation> explain(std::string name_or_id);

  // Writes the audit record of a change that is not an environment's, in that change's transaction. `target`: what it
  // was about. May run on the writer's thread.
  base::Result<void> record(storage::Connection& connection, const Cause& cause, std::string target,
                            const boost::json::object& before, const boost::json::object& after) const;

  // Live answers of the provider; empty or unknown where no provider serves the region.
  std::vector<Instance> instances(const Environment& environment) const;
  FleetStatus fleet(const Environment& environment) const;
  std::vector<std::pair<std::string, std::string>> tags(const Environment& environment) const;

  workflow::EngineStatistics statistics() const;

  // What happens, live.
  Events& events() { return events_; }
  // Behind the event of this id, or what is older than a time: one in ISO 8601, or 10m for ten minutes ago. Errors:
  // invalid, with the forms that there are.
  net::Task<Events::Place> events_since(std::string since);
  // What came after `place`, of one environment or (empty id) of all, as Events::read gives it; where its ring reaches
  // back so far, without waiting. Before that all is told again from the database but log lines, some hundreds at a
  // time and with ids between those that the ring had; an event `gap` then says that log lines may be missing.
  net::Task<EventText> events_after(Events::Place place, base::EnvironmentId environment, std::size_t most_bytes);

  // How clients reach this broker: what URLs of connections begin with. Before the first connection; without a last
  // slash.
  void set_public_url(std::string url) { public_url_ = std::move(url); }
  const std::string& public_url() const { return public_url_; }
  // What lets a client in to an endpoint: connect() puts one into each URL that leads through the broker.
  Tickets& tickets() { return tickets_; }

 private:
  // workflow::Listener
  base::Result<void> finalise(storage::Connection& connection, const workflow::Ended& ended) override;
  void ended(const workflow::Ended& ended) override;
  base::Result<bool> again(storage::Connection& connection, const workflow::Ended& ended, base::Time now) override;
  void progress(const workflow::Progress& progress) override;

  void notice(const base::EnvironmentId& id, std::string what, std::string words) override;

  // workflow::Documents: those of the environment's type, by the base names of their files.
  base::Result<std::shared_ptr<const workflow::Plan>> find(const workflow::Identity& parent,
                                                           std::string_view name) const override;

  base::Result<InstanceKeys> keys_of_instance(storage::Connection& connection, const Environment& environment);
  // The version that it was launched with; null where this broker cannot read it.
  TypePtr type_of(const Environment& environment) const;
  Provider* provider_for(std::string_view region) const;  // null where none serves it
  // The type's document for an operation in a region. Errors: invalid.
  base::Result<std::shared_ptr<const workflow::Plan>> plan_for(const std::string& type, int version,
                                                               const std::string& region,
                                                               std::string_view operation) const;
  // An execution of `plan` for the environment, admitted (broker/admission.h) and not yet written.
  base::Result<workflow::Prepared> prepare(const Environment& environment, std::shared_ptr<const workflow::Plan> plan,
                                           std::string_view operation, const std::string& by) const;
  // From the cache, else read; as stored.
  base::Result<EnvironmentPtr> stored(const base::EnvironmentId& id);
  // `environment` as surfaces shall see it: with a rollback that is under way.
  base::Result<EnvironmentPtr> shown(EnvironmentPtr environment);
  void tell_events();
  void tell_events_soon();  // in the next turn of the loop, once however often it is called
  net::Task<EnvironmentPtr> begin(base::EnvironmentId id, std::string_view operation, Cause cause);
  // The URL that leads `who` to what `own`, a URL of the environment's endpoint, names.
  base::Result<boost::json::value> through_the_broker(const base::EnvironmentId& id, const std::string& who,
                                                      const boost::json::value& own);
  // Brings a terminating environment on its way: cancels what still runs for it, or starts its terminate document.
  net::Task<void> go_on_terminating(base::EnvironmentId id);
  boost::asio::awaitable<void> go_on_with_all(std::vector<base::EnvironmentId> terminating);
  boost::asio::awaitable<void> watch_lifetimes();
  boost::asio::awaitable<void> look_at_ends(base::Time now);
  boost::asio::awaitable<void> warn_of_end(Environment environment, EndAction action);
  boost::asio::awaitable<void> end_by_itself(Environment environment, EndAction action, std::string operation);
  // `settled`: there was a look before. `anew`: the clock was set meanwhile, so idleness is counted from now on.
  boost::asio::awaitable<void> look_at_idle(base::Time now, bool settled, bool anew);
  net::Task<Activity> activity_of(Environment environment, TypePtr type);
  boost::asio::awaitable<void> look_at_activity(Environment environment, base::Time now, bool settled, bool anew);
  // Takes away what is recorded for environments that are gone.
  boost::asio::awaitable<void> sweep_after(std::optional<base::EnvironmentId> id);
  boost::asio::awaitable<bool> may_be_swept(base::EnvironmentId id);
  boost::asio::awaitable<void> sweep_resource(storage::ResourceRow resource);
  boost::asio::awaitable<void> sweep(Provider& provider, std::vector<std::string> leftovers);

  net::Runtime& runtime_;
  storage::Database& database_;
  const base::Clock& clock_;
  const TypeRegistry& types_;
  const workflow::ActionRegistry& actions_;
  std::vector<Provider*> providers_;
  EnvironmentCache cache_;
  const LifetimeSettings lifetimes_;
  const storage::Sealing& sealing_;
  std::set<base::EnvironmentId> extending_;                            // their end is being moved: it is not acted upon
  std::map<std::pair<std::string, int>, InstanceKeys> instance_keys_;  // by type and version; the writer's thread's
  std::set<base::EnvironmentId> unknown_activity_;                     // of which that was said
  std::optional<std::pair<std::chrono::steady_clock::time_point, base::Time>> last_look_;
  std::map<base::EnvironmentId, std::string> progress_;  // last words of the step that runs; not durable
  Events events_;
  bool telling_ = false;  // tell_events_soon() was called, and it has not been told
  Tickets tickets_;
  std::string public_url_;
  net::TaskGroup tasks_;
  workflow::Engine engine_;
};

}  // namespace slipway::broker
