#pragma once
// The inside of the engine: who runs and is queued is in engine.cc, what one execution goes through in engine_drive.cc,
// what people say to it in engine_signal.cc. Included by these alone.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/doorbell.h"
#include "workflow/engine.h"
#include "workflow/execution_store.h"
#include "workflow/timers.h"
#include "workflow/transition.h"

namespace slipway::workflow {

// A signal that waits for its turn, what is written with it, and where its answer goes.
struct Asked {
  Signal signal;
  storage::Transaction with;
  std::function<void(base::Result<SignalResult>)> answer;
};

// One execution that is being moved. At most one of these exists for an execution, so nothing of it happens twice at
// once.
struct Run {
  explicit Run(net::Runtime& runtime) : call(runtime) {}

  // Asked to stop what it does.
  bool must_stop() const { return cancel && !cancel->complete && live.execution.state.status != Status::cancelling; }
  // Whoever waits until what was said is acted upon; see Engine::settled.
  void tell_settled() {
    for (const auto& waits : std::exchange(settling, {})) {
      if (const auto bell = waits.lock()) bell->ring();
    }
  }

  ExecutionStore::Live live;
  std::optional<CancelRequest> cancel;  // durable; kept apart from the state, which a move in flight replaces
  std::deque<Asked> asked;
  std::vector<std::weak_ptr<net::Doorbell>> settling;  // of those who wait, of whom some give up
  net::TaskGroup call;                                 // the action in flight
  bool calling = false;
  bool timed_out = false;
  bool counted = false;  // has a place: one of EngineSettings::running
  bool waking = false;   // has not yet come to a call or to rest; see Impl::wake_some
};

// `state`: the last one of `live`.
Ended ended_of(const ExecutionStore::Live& live, const State& state, base::Time now);

struct Engine::Impl {
  Impl(net::Runtime& runtime, storage::Database& database, const base::Clock& clock, const ActionRegistry& actions,
       Listener& listener, EngineSettings settings, const Documents* documents);

  // --- who runs (engine.cc)
  void launch(const base::ExecutionId& id);
  bool is_queued(std::string_view kind) const {
    return kind != kChild && !settings_.unqueued_kinds.contains(std::string(kind));
  }
  // Errors: throttled, where one more execution may not begin.
  base::Result<void> check_room(std::string_view kind) const;
  // Gives the places that are free, to what has begun first.
  void admit();
  // `counted`: it was given a place. Else it takes one for itself (has_place).
  void wake(const base::ExecutionId& id, Event::Kind why, bool counted);
  // Whatever may make a call has a place from before the move that leads to the call until it rests: the time of an
  // attempt begins with it, and a crash hides no call that was never made. False where there is none: it is woken when
  // its turn comes, and whoever said something to it is told to come back.
  bool has_place(Run& run, Event::Kind why);
  // Terminates and cancellations, with the children of either, never wait.
  bool needs_place(const storage::ExecutionRow& row) const;
  // Wakes `id` when not too many others are on their way: what is due in its thousands costs memory for some hundreds.
  void wake_in_turn(const base::ExecutionId& id, Event::Kind why);
  void wake_some();
  void is_awake(Run& run);
  void rest(const base::ExecutionId& id);
  void on_timer(const base::ExecutionId& id);
  // What request_cancel has made durable.
  void tell_cancelled(const base::ExecutionId& id, const CancelRequest& cancel);

  // --- what an execution goes through (engine_drive.cc)
  boost::asio::awaitable<void> drive(base::ExecutionId id, Event::Kind why);
  // What happens next to the execution, or nothing where it rests.
  boost::asio::awaitable<std::optional<Event>> move(Run& run, Event event);
  // The transition, with the documents that it wants. Nothing where the engine stops before they can be told.
  boost::asio::awaitable<std::optional<Transition>> decide(Run& run, const Event& event);
  boost::asio::awaitable<std::optional<Event>> obey(Run& run, Command command);
  boost::asio::awaitable<std::optional<Event>> call(Run& run, Command command);
  boost::asio::awaitable<void> act(Run& run, const Command& command,
                                   std::optional<base::Result<boost::json::object>>& answer);
  StepContext context_of(const Run& run, const Command& command);
  std::optional<Event> first_event(Run& run, Event::Kind why);
  // The end of the child that it waits for, where it has ended.
  std::optional<Event> end_of_child(const Run& run);
  // Reads the execution into `run`. False, and a line in the log, where that fails: it stays as it is.
  bool load(const base::ExecutionId& id, Run& run);
  bool read_cancel(const base::ExecutionId& id, Run& run);
  boost::asio::awaitable<std::optional<storage::Moved>> commit(Run& run, const Transition& next, const Event& event);
  // What follows from a move that is durable.
  void follow(Run& run, const Transition& next, const Event& event);
  Progress progress_of(const Run& run) const;
  void report(const Run& run, const Transition& next);
  Event at_now(Event::Kind kind) const;

  // --- what people say (engine_signal.cc)
  void ask(const base::ExecutionId& id, Asked asked);
  std::optional<Event> next_signal(Run& run) const;
  void answer(Run& run, base::Result<SignalResult> result);
  // Answers every signal that waits: the execution waits for none of them.
  void refuse_asked(Run& run);
  net::Task<SignalResult> do_again(storage::ExecutionRow row, Signal signal, storage::Transaction with);

  struct Due {
    base::ExecutionId id;
    Event::Kind why;
  };

  net::Runtime& runtime_;
  storage::Database& database_;
  const base::Clock& clock_;
  const ActionRegistry& actions_;
  Listener& listener_;
  const EngineSettings settings_;
  const Documents* documents_;
  ExecutionStore store_;
  std::unordered_map<base::ExecutionId, std::unique_ptr<Run>> runs_;
  std::deque<base::ExecutionId> queue_;  // not begun
  std::deque<Due> ready_;                // begun, and found no place
  std::deque<Due> due_;                  // to be woken, when not too many others are on their way
  int running_ = 0;
  int waking_ = 0;
  bool stopping_ = false;
  EngineStatistics statistics_;
  net::TaskGroup drivers_;
  Timers timers_;
};

}  // namespace slipway::workflow
