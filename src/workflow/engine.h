#pragma once
// Runs executions of automation documents so that each ends, whatever happens to the broker in between: it asks the
// transition function what comes next, commits that, then does it. Used by the broker; all calls on the I/O thread.
// Knows no environment but by id and name, and no action but by name.

#include <map>
#include <memory>
#include <set>
#include <string>

#include "net/deadline.h"
#include "net/runtime.h"
#include "storage/database.h"
#include "workflow/document.h"
#include "workflow/documents.h"
#include "workflow/signal.h"
#include "workflow/state.h"

namespace slipway::workflow {

// The kind of executions that aws:executeAutomation starts.
inline constexpr std::string_view kChild = "child";

struct EngineSettings {
  // Executions that run at once, at least 1; what waits for a time or a person does not count. What people say to one
  // may go beyond it, to twice as many. Whatever is being cancelled does not count.
  int running = 64;
  int queued = 10'000;                                       // those that wait to be run; beyond it a start is refused
  std::set<std::string> unqueued_kinds = {"terminate"};      // run at once, whatever runs already
  const storage::Sealing* sealing = &storage::no_sealing();  // of values with secrets; never null, outlives the engine
};

struct StartRequest {
  std::shared_ptr<const Plan> plan;
  std::string kind;  // "launch", "terminate": the caller's words
  base::EnvironmentId environment_id;
  std::string environment_name;
  std::string region;
  std::string account_id;
  std::string by;  // who asked, for `why`
  std::string correlation_id;
  boost::json::object parameters;
  Secrets secrets{};  // more of them than the document declares
};

// A start that is checked and not yet written.
struct Prepared {
  base::ExecutionId id;
  storage::Transaction write;  // belongs into the transaction that writes what the execution is for
};

// An execution that ended, or is about to in the transaction that `finalise` is part of.
struct Ended {
  Identity identity;
  std::string kind;
  Status status = Status::success;
  boost::json::object outputs;              // of the document
  std::optional<Failure> failure;           // the first that decided the end; unset with success
  std::map<std::string, StepRecord> steps;  // those that were entered, and how each ended
  base::Time at{};
  Secrets secrets{};  // which may stand in the outputs
};

// What happens, as it happens: for live displays. Not durable; the journal is.
struct Progress {
  base::ExecutionId execution_id;
  base::EnvironmentId environment_id;
  std::string environment_name;
  std::string kind;  // of the execution
  std::string what;  // Entered, Progress, Retry, Waiting, Outcome, Ended
  std::string step;
  int attempt = 0;
  std::string text;  // the action; its line; or a status, with the reason where there is one
  base::Time at{};
  std::string correlation_id;
};

// Told nothing of how children end: their parents are.
class Listener {
 public:
  virtual ~Listener() = default;
  // Part of the transaction that ends the execution: runs on the writer's thread, so it reads and writes through
  // `connection` only. May start the next execution with a Prepared. May run again after a rollback; an error rolls the
  // end back, and it is tried again.
  virtual base::Result<void> finalise(storage::Connection& connection, const Ended& ended) = 0;
  // After that transaction, on the I/O thread. After a crash in between it is not called: nothing may depend on it.
  virtual void ended(const Ended& ended) = 0;
  // Part of the transaction that does an ended execution again: its kind begins anew for its environment. Runs where
  // finalise() does. True: everything was taken back, so that it begins afresh. An error (conflict) refuses it.
  virtual base::Result<bool> again(storage::Connection& connection, const Ended& ended, base::Time now) = 0;
  virtual void progress(const Progress& progress) = 0;
};

struct EngineStatistics {
  std::size_t running = 0;
  std::size_t queued = 0;
  std::size_t waiting = 0;  // timers: sleeps, retries, deadlines
  std::uint64_t steps = 0;  // outcomes committed since the start
  std::uint64_t commits = 0;
};

struct SignalResult {
  base::ExecutionId execution;  // the one that goes on: another one where an ended one is done again
};

class Engine {
 public:
  // All references outlive the engine. `documents`: what aws:executeAutomation finds; null: nothing.
  Engine(net::Runtime& runtime, storage::Database& database, const base::Clock& clock, const ActionRegistry& actions,
         Listener& listener, EngineSettings settings = {}, const Documents* documents = nullptr);
  ~Engine();  // after stop() has returned

  // Goes on with every execution that has not ended. Call it once, before anything else.
  net::Task<void> start();
  // Cancels the calls in flight and returns when nothing runs. Executions stay as kill -9 would leave them. Twice is
  // harmless.
  boost::asio::awaitable<void> stop();

  // Checks the parameters and lays the execution out. Writes nothing. Errors: invalid (InvalidParameters), throttled
  // (too many executions or writes wait already) but for unqueued kinds.
  base::Result<Prepared> prepare_start(StartRequest request) const;
  // Runs, or queues, an execution whose row is committed. Without this call it runs after the next start of the broker.
  void launch(const base::ExecutionId& id);

  // Durable when it returns: true, or false where the execution has ended or there is none. The current call is told to
  // stop; then the step's onCancel runs, and the execution ends as Cancelled; a child ends first. `complete`: the
  // current step finishes, and no further one begins. Idempotent; a cancel may follow a complete. `with`: part of the
  // transaction, where there is something to cancel.
  net::Task<bool> cancel(base::ExecutionId id, std::string by, bool complete = false, storage::Transaction with = {});

  // Says to an execution what it waits for; durable when it returns. Of an execution that has ended, retry begins a new
  // one with its document and values. `with`: part of the transaction that takes the signal in; may run again after a
  // rollback. Errors: not_found, conflict (it does not wait for that), forbidden (no approver), invalid, throttled,
  // unavailable.
  net::Task<SignalResult> signal(base::ExecutionId id, Signal signal, storage::Transaction with = {});

  // Returns when nothing that was said to the execution is still to be acted upon: it runs a call that nobody has told
  // to stop, waits, is queued or has ended. Later than `until` it returns all the same, for a call may take its time to
  // stop.
  boost::asio::awaitable<void> settled(base::ExecutionId id, net::Deadline until);

  // Fires what is due: the engine does this by itself; call it where the clock was set by hand.
  void tick();
  EngineStatistics statistics() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::workflow
