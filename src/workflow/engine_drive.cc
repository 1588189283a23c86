// What one execution goes through: events, moves, calls.
#include <fmt/format.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "base/text.h"
#include "observe/log.h"
#include "storage/executions.h"
#include "workflow/answer.h"
#include "workflow/engine_impl.h"
#include "workflow/journal.h"
#include "workflow/new_execution.h"

namespace slipway::workflow {

namespace json = boost::json;
using boost::asio::awaitable;
using storage::Moved;

namespace {

constexpr std::chrono::milliseconds kDocumentAgainAfter{200};

// An action's error may quote what a program wrote. It is kept as JSON, which must be read again.
base::Error clean(base::Error error) {
  error.message = base::printable(error.message);
  for (auto& line : error.evidence) line = base::printable(line);
  return error;
}

// On whose account a child is cancelled: the same in its row and in memory, since its own children are told from there.
std::string who_ends_child(const State& state) {
  return state.cancel ? state.cancel->by : "time-out of " + state.at.step;
}

bool is_cancellation(const std::exception& error) {
  const auto* system = dynamic_cast<const boost::system::system_error*>(&error);
  return system != nullptr && system->code() == boost::asio::error::operation_aborted;
}

}  // namespace

Ended ended_of(const ExecutionStore::Live& live, const State& state, base::Time now) {
  return {.identity = live.execution.identity,
          .kind = live.execution.row.kind,
          .status = state.status,
          .outputs = document_outputs(*live.plan, state),
          .failure = state.status == Status::success ? std::nullopt : state.failure,
          .steps = state.steps,
          .at = now,
          .secrets = state.secrets};
}

awaitable<void> Engine::Impl::drive(base::ExecutionId id, Event::Kind why) {
  auto& run = *runs_.at(id);
  // Whatever ends this coroutine: the execution is nobody's afterwards.
  struct Rest {
    Impl& impl;
    const base::ExecutionId& id;
    ~Rest() { impl.rest(id); }
  } rest_at_end{*this, id};

  if (!load(id, run) || !has_place(run, why)) co_return;
  auto event = why == Event::Kind::signal ? next_signal(run) : first_event(run, why);
  while (event) {
    event = co_await move(run, std::move(*event));
    if (!event && !run.asked.empty() && has_place(run, Event::Kind::signal)) event = next_signal(run);
  }
}

awaitable<std::optional<Event>> Engine::Impl::move(Run& run, Event event) {
  const auto id = run.live.execution.row.id;
  auto& execution = run.live.execution;
  auto decided = co_await decide(run, event);
  if (!decided) co_return std::nullopt;
  auto& next = *decided;
  if (next.refusal) {
    answer(run, std::move(*next.refusal));
    // Its timer may have rung while it was awake.
    if (execution.state.waiting != Waiting::nothing) {
      next.command.kind = Command::Kind::wait;
      next.command.wake_at = execution.state.wake_at;
    }
  }
  if (next.changed()) {
    const auto moved = co_await commit(run, next, event);
    if (!moved) co_return std::nullopt;
    if (*moved == Moved::lost) {
      if (load(id, run)) co_return event.kind == Event::Kind::signal ? event : first_event(run, Event::Kind::resume);
      const bool is_child = !run.live.execution.row.parent_id.empty();
      if (next.state.ended() && !is_child) listener_.ended(ended_of(run.live, next.state, event.now));
      co_return std::nullopt;
    }
    if (*moved == Moved::cancelled) {
      if (!read_cancel(id, run)) co_return std::nullopt;
      co_return event;  // the same event, now under the cancellation
    }
    follow(run, next, event);
  }
  co_return co_await obey(run, std::move(next.command));
}

awaitable<std::optional<Transition>> Engine::Impl::decide(Run& run, const Event& event) {
  auto& execution = run.live.execution;
  FoundDocuments found;
  while (!stopping_) {
    if (run.cancel) execution.state.cancel = run.cancel;
    auto next = transition(*run.live.plan, execution.identity, execution.state, event, found);
    if (!next.wanted) co_return std::move(next);
    base::Result<std::shared_ptr<const Plan>> document = base::invalid("there are no documents to execute");
    if (documents_ != nullptr) document = documents_->find(execution.identity, *next.wanted);
    if (document || !document.error().retryable()) {
      found.emplace(*next.wanted, std::move(document));
      continue;
    }
    observe::error("a document cannot be read; it is tried again", document.error(),
                   {{"execution", execution.row.id.str()}, {"document", *next.wanted}});
    co_await net::sleep_for(runtime_, kDocumentAgainAfter);
  }
  co_return std::nullopt;
}

awaitable<std::optional<Event>> Engine::Impl::obey(Run& run, Command command) {
  const auto& id = run.live.execution.row.id;
  const auto& state = run.live.execution.state;
  switch (command.kind) {
    case Command::Kind::call:
      co_return co_await call(run, std::move(command));
    case Command::Kind::wait:
      if (state.waiting == Waiting::child) {
        if (auto ended = end_of_child(run)) co_return ended;
      }
      if (run.must_stop() && !(state.waiting == Waiting::child && state.child_cancelled)) {
        co_return at_now(Event::Kind::cancel);
      }
      if (command.wake_at != base::Time{}) timers_.set(id, command.wake_at);
      co_return std::nullopt;
    case Command::Kind::end:
      if (run.live.execution.row.parent_id.empty()) listener_.ended(ended_of(run.live, state, clock_.now()));
      co_return std::nullopt;
    case Command::Kind::nothing:
      co_return std::nullopt;
  }
}

// Runs the action of the current step to its answer, its deadline or a cancellation. Nothing where the engine stops.
awaitable<std::optional<Event>> Engine::Impl::call(Run& run, Command command) {
  const auto& at = run.live.execution.state.at;
  const auto deadline = at.deadline;
  const Event::Call of{at.step, at.visit, at.attempt};
  std::optional<base::Result<json::object>> answer;
  if (stopping_) co_return std::nullopt;
  is_awake(run);
  refuse_asked(run);
  if (!run.must_stop()) {
    run.calling = true;
    run.timed_out = false;
    run.tell_settled();
    timers_.set(run.live.execution.row.id, deadline);
    run.call.spawn("step " + at.step, [this, &run, &command, &answer] { return act(run, command, answer); });
    co_await run.call.join();
    timers_.clear(run.live.execution.row.id, deadline);
    run.calling = false;
  }
  auto event = at_now(Event::Kind::succeeded);
  event.of = of;
  if (answer && *answer) {
    event.outputs = std::move(**answer);
    co_return event;
  }
  if (stopping_) co_return std::nullopt;
  if (answer) event.error = clean(std::move(*answer).error());
  event.kind = Event::Kind::failed;
  if (run.timed_out) {
    event.kind = Event::Kind::timed_out;
    if (!answer) event.error = base::timed_out(fmt::format("step {} did not end within its time-out", of.step));
  } else if (run.must_stop()) {
    event.kind = Event::Kind::cancel;
  } else if (!answer) {
    event.error = base::internal(fmt::format("{} was interrupted by itself, which is a bug", command.step->action));
  }
  co_return event;
}

awaitable<void> Engine::Impl::act(Run& run, const Command& command, std::optional<base::Result<json::object>>& answer) {
  auto* action = actions_.find(command.step->action);
  if (action == nullptr) {
    auto error = base::unavailable(fmt::format("this broker has no action {}", command.step->action), "UnknownAction");
    answer.emplace(std::move(error));
    co_return;
  }
  try {
    answer.emplace(co_await action->run(context_of(run, command), command.inputs));
    if (*answer) answer.emplace(what_is_kept(*action, *command.step, std::move(**answer)));
  } catch (const std::exception& error) {
    if (is_cancellation(error)) throw;
    observe::error("an action threw, which is a bug",
                   {{"action", command.step->action},
                    {"exception", error.what()},
                    {observe::kCorrelationId, run.live.execution.identity.correlation_id}});
    answer.emplace(base::internal(fmt::format("{} failed unexpectedly: {}", command.step->action, error.what())));
  }
}

StepContext Engine::Impl::context_of(const Run& run, const Command& command) {
  const auto& identity = run.live.execution.identity;
  const auto& at = run.live.execution.state.at;
  return {.execution_id = identity.execution_id,
          .environment_id = identity.environment_id,
          .environment_name = identity.environment_name,
          .step = at.step,
          .attempt = at.attempt,
          .token = command.token,
          .deadline = at.deadline,
          .correlation_id = identity.correlation_id,
          .progress = [this, seen = progress_of(run),
                       secrets = run.live.execution.state.secrets](std::string text) mutable {
            seen.text = hide(std::move(text), secrets);
            seen.at = clock_.now();
            listener_.progress(seen);
          }};
}

// --- storage

std::optional<Event> Engine::Impl::first_event(Run& run, Event::Kind why) {
  const auto& state = run.live.execution.state;
  if (state.waiting == Waiting::child) {
    if (auto ended = end_of_child(run)) return ended;
  }
  const bool due = state.waiting != Waiting::nothing && state.wake_at != base::Time{} && state.wake_at <= clock_.now();
  if (why == Event::Kind::resume && due && !run.must_stop()) why = Event::Kind::timer;
  return at_now(why);
}

std::optional<Event> Engine::Impl::end_of_child(const Run& run) {
  const auto& execution = run.live.execution;
  auto ended = store_.end_of(base::ExecutionId(execution.state.child));
  if (!ended) {
    observe::error("a child cannot be read", ended.error(), {{"execution", execution.row.id.str()}});
    return std::nullopt;
  }
  if (!*ended) return std::nullopt;
  auto event = at_now(Event::Kind::child_ended);
  event.child = std::move(**ended);
  return event;
}

bool Engine::Impl::load(const base::ExecutionId& id, Run& run) {
  auto live = store_.load(id);
  if (!live) observe::error("an execution cannot go on", live.error(), {{"execution", id.str()}});
  if (!live || !*live) return false;
  run.live = std::move(**live);
  run.cancel = run.live.execution.state.cancel;
  return true;
}

bool Engine::Impl::read_cancel(const base::ExecutionId& id, Run& run) {
  auto cancel = store_.cancel_of(id);
  if (!cancel) observe::error("an execution cannot go on", cancel.error(), {{"execution", id.str()}});
  if (!cancel || !*cancel) return false;
  run.cancel = std::move(*cancel);
  return true;
}

// One transaction with the move: its child, the cancellation of its child, what the listener or the parent makes of its
// end, and what goes with the signal that it takes in.
awaitable<std::optional<Moved>> Engine::Impl::commit(Run& run, const Transition& next, const Event& event) {
  const auto now = clock_.now();
  const auto& execution = run.live.execution;
  std::vector<storage::Transaction> parts;
  if (next.child) parts.push_back(lay_out_child(execution, *next.child, now, *settings_.sealing).write);
  if (next.cancel_child) {
    parts.push_back([by = who_ends_child(next.state), child = *next.cancel_child,
                     now](storage::Connection& connection) -> base::Result<void> {
      TRY(storage::request_cancel(connection, child, by, now));
      return {};
    });
  }
  if (next.state.ended() && execution.row.parent_id.empty()) {
    parts.push_back([this, ended = ended_of(run.live, next.state, now)](storage::Connection& connection) {
      return listener_.finalise(connection, ended);
    });
  } else if (next.state.ended()) {
    storage::JournalRow told;
    told.kind = "ChildEnded";
    told.at = now;
    told.payload =
        fmt::format(R"({{"child":"{}","status":"{}"}})", execution.row.id.str(), to_string(next.state.status));
    parts.push_back([=, parent = base::ExecutionId(execution.row.parent_id)](storage::Connection& connection) {
      return storage::tell_parent(connection, parent, told, now);
    });
  }
  if (event.kind == Event::Kind::signal && run.asked.front().with) parts.push_back(run.asked.front().with);
  storage::Transaction with;
  if (!parts.empty()) {
    with = [parts = std::move(parts)](storage::Connection& connection) -> base::Result<void> {
      for (const auto& part : parts) TRY(part(connection));
      return {};
    };
  }
  ++statistics_.commits;
  return store_.commit(run.live.execution, next, now, std::move(with), [this] { return stopping_; });
}

void Engine::Impl::follow(Run& run, const Transition& next, const Event& event) {
  const auto& execution = run.live.execution;
  report(run, next);
  if (event.kind == Event::Kind::signal) answer(run, SignalResult{execution.row.id});
  if (next.state.waiting == Waiting::unknown_outcome) {
    observe::warning("an execution is held until somebody says what became of its step",
                     {{"execution", execution.row.id.str()},
                      {"step", next.state.at.step},
                      {observe::kCorrelationId, execution.identity.correlation_id}});
  }
  if (next.child) wake(next.child->id, Event::Kind::resume, false);
  if (next.cancel_child) tell_cancelled(*next.cancel_child, {clock_.now(), who_ends_child(next.state), false});
  if (next.state.ended() && !execution.row.parent_id.empty()) {
    wake(base::ExecutionId(execution.row.parent_id), Event::Kind::resume, false);
  }
}

// --- telling

Progress Engine::Impl::progress_of(const Run& run) const {
  const auto& identity = run.live.execution.identity;
  return {.execution_id = identity.execution_id,
          .environment_id = identity.environment_id,
          .environment_name = identity.environment_name,
          .kind = run.live.execution.row.kind,
          .what = "Progress",
          .step = run.live.execution.state.at.step,
          .attempt = run.live.execution.state.at.attempt,
          .text = {},
          .at = clock_.now(),
          .correlation_id = identity.correlation_id};
}

void Engine::Impl::report(const Run& run, const Transition& next) {
  auto progress = progress_of(run);
  for (const auto& row : next.journal) {
    if (row.kind == "Outcome") ++statistics_.steps;
    if (row.kind == "Takeover" || row.kind == "Sent") continue;
    progress.what = row.kind;
    progress.step = row.step;
    progress.attempt = static_cast<int>(row.attempt);
    progress.text = in_a_line(read_payload(row.payload));
    progress.at = row.at;
    listener_.progress(progress);
  }
}

Event Engine::Impl::at_now(Event::Kind kind) const {
  Event event;
  event.kind = kind;
  event.now = clock_.now();
  return event;
}

}  // namespace slipway::workflow
