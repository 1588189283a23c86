#include "workflow/engine.h"

#include <fmt/format.h>

#include <boost/asio/error.hpp>
#include <boost/json/parse.hpp>
#include <boost/system/system_error.hpp>
#include <deque>
#include <unordered_map>

#include "base/text.h"
#include "observe/log.h"
#include "storage/executions.h"
#include "workflow/execution_store.h"
#include "workflow/new_execution.h"
#include "workflow/timers.h"
#include "workflow/transition.h"

namespace slipway::workflow {

namespace json = boost::json;
using boost::asio::awaitable;
using storage::Moved;

namespace {

constexpr std::chrono::milliseconds kCancelAgainAfter{50};

// One execution that is being moved. At most one of these exists for an execution, so nothing of it happens twice at
// once.
struct Run {
  explicit Run(net::Runtime& runtime) : call(runtime) {}

  ExecutionStore::Live live;
  std::optional<CancelRequest> cancel;  // durable; kept apart from the state, which a move in flight replaces
  net::TaskGroup call;                  // the action in flight
  bool calling = false;
  bool timed_out = false;
  bool counted = false;  // against EngineSettings::running
};

// An action's error may quote what a program wrote. It is kept as JSON, which must be read again.
base::Error clean(base::Error error) {
  error.message = base::printable(error.message);
  for (auto& line : error.evidence) line = base::printable(line);
  return error;
}

bool is_cancellation(const std::exception& error) {
  const auto* system = dynamic_cast<const boost::system::system_error*>(&error);
  return system != nullptr && system->code() == boost::asio::error::operation_aborted;
}

Ended ended_of(const ExecutionStore::Live& live, const State& state, base::Time now) {
  return {.identity = live.execution.identity,
          .kind = live.execution.row.kind,
          .status = state.status,
          .outputs = document_outputs(*live.plan, state),
          .failure = state.status == Status::success ? std::nullopt : state.failure,
          .steps = state.steps,
          .at = now};
}

}  // namespace

struct Engine::Impl {
  Impl(net::Runtime& runtime, storage::Database& database, const base::Clock& clock, const ActionRegistry& actions,
       Listener& listener, EngineSettings settings)
      : runtime_(runtime),
        database_(database),
        clock_(clock),
        actions_(actions),
        listener_(listener),
        settings_(std::move(settings)),
        store_(runtime, database, actions),
        drivers_(runtime),
        timers_(runtime, clock, [this](const base::ExecutionId& id) { on_timer(id); }) {}

  // --- who runs

  void launch(const base::ExecutionId& id) {
    const auto row = storage::find_execution(database_.reader(), id);
    if (!row) return observe::error("an execution cannot be read", row.error(), {{"execution", id.str()}});
    if (!*row) return observe::error("an execution to launch does not exist", {{"execution", id.str()}});
    if (!is_counted((*row)->kind)) return wake(id, Event::Kind::resume, false);
    queue_.push_back(id);
    admit();
  }

  bool is_counted(const std::string& kind) const { return !settings_.unqueued_kinds.contains(kind); }

  void admit() {
    while (!stopping_ && running_ < settings_.running && !queue_.empty()) {
      const auto id = std::move(queue_.front());
      queue_.pop_front();
      wake(id, Event::Kind::resume, true);
    }
  }

  void wake(const base::ExecutionId& id, Event::Kind why, bool counted) {
    if (stopping_ || runs_.contains(id)) return;
    auto& run = runs_[id] = std::make_unique<Run>(runtime_);
    run->counted = counted;
    if (counted) ++running_;
    drivers_.spawn("execution " + id.str(), [this, id, why] { return drive(id, why); });
  }

  void rest(const base::ExecutionId& id) {
    const auto found = runs_.find(id);
    if (found->second->counted) --running_;
    runs_.erase(found);
    admit();
  }

  void on_timer(const base::ExecutionId& id) {
    const auto found = runs_.find(id);
    if (found == runs_.end()) return wake(id, Event::Kind::timer, false);
    auto& run = *found->second;
    // It moves by itself; or this is an old entry, of a sleep that was cancelled.
    if (!run.calling || clock_.now() < run.live.execution.state.at.deadline) return;
    run.timed_out = true;
    run.call.cancel();
  }

  // --- what an execution goes through

  awaitable<void> drive(base::ExecutionId id, Event::Kind why) {
    auto& run = *runs_.at(id);
    // Whatever ends this coroutine: the execution is nobody's afterwards.
    struct Rest {
      Impl& impl;
      const base::ExecutionId& id;
      ~Rest() { impl.rest(id); }
    } rest_at_end{*this, id};

    if (!load(id, run)) co_return;
    std::optional<Event> event = at_now(why);
    while (event) {
      auto& execution = run.live.execution;
      if (run.cancel) execution.state.cancel = run.cancel;
      const auto next = transition(*run.live.plan, execution.identity, execution.state, *event);
      if (next.changed()) {
        const auto moved = co_await commit(run, next);
        if (!moved) co_return;
        if (*moved == Moved::lost) {
          // A commit of ours whose answer was lost: the row knows.
          if (!load(id, run)) {
            if (next.state.ended()) listener_.ended(ended_of(run.live, next.state, event->now));
            co_return;
          }
          event = at_now(Event::Kind::resume);
          continue;
        }
        if (*moved == Moved::cancelled) {
          if (!read_cancel(id, run)) co_return;
          continue;  // the same event, now under the cancellation
        }
        report(run, next);
      }
      event = co_await obey(run, next.command);
    }
  }

  // What happens next to the execution, or nothing where it rests.
  awaitable<std::optional<Event>> obey(Run& run, Command command) {
    const auto& id = run.live.execution.row.id;
    switch (command.kind) {
      case Command::Kind::call:
        co_return co_await call(run, std::move(command));
      case Command::Kind::wait:
        if (run.cancel && run.live.execution.state.status != Status::cancelling) co_return at_now(Event::Kind::cancel);
        if (command.wake_at != base::Time{}) timers_.set(id, command.wake_at);
        co_return std::nullopt;
      case Command::Kind::end:
        listener_.ended(ended_of(run.live, run.live.execution.state, clock_.now()));
        co_return std::nullopt;
      case Command::Kind::nothing:
        co_return std::nullopt;
    }
  }

  // Runs the action of the current step to its answer, its deadline or a cancellation. Nothing where the engine stops.
  awaitable<std::optional<Event>> call(Run& run, Command command) {
    const auto& at = run.live.execution.state.at;
    const auto deadline = at.deadline;
    const bool in_cancel_chain = run.live.execution.state.status == Status::cancelling;
    const Event::Call of{at.step, at.visit, at.attempt};
    std::optional<base::Result<json::object>> answer;
    if (stopping_) co_return std::nullopt;
    if (!run.cancel || in_cancel_chain) {
      run.calling = true;
      run.timed_out = false;
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
    } else if (run.cancel && !in_cancel_chain) {
      event.kind = Event::Kind::cancel;
    } else if (!answer) {
      event.error = base::internal(fmt::format("{} was interrupted by itself, which is a bug", command.step->action));
    }
    co_return event;
  }

  awaitable<void> act(Run& run, const Command& command, std::optional<base::Result<json::object>>& answer) {
    auto* action = actions_.find(command.step->action);
    if (action == nullptr) {
      auto error =
          base::unavailable(fmt::format("this broker has no action {}", command.step->action), "UnknownAction");
      answer.emplace(std::move(error));
      co_return;
    }
    try {
      answer.emplace(co_await action->run(context_of(run, command), command.inputs));
    } catch (const std::exception& error) {
      if (is_cancellation(error)) throw;
      observe::error("an action threw, which is a bug",
                     {{"action", command.step->action},
                      {"exception", error.what()},
                      {observe::kCorrelationId, run.live.execution.identity.correlation_id}});
      answer.emplace(base::internal(fmt::format("{} failed unexpectedly: {}", command.step->action, error.what())));
    }
  }

  StepContext context_of(const Run& run, const Command& command) {
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
            .progress = [this, seen = progress_of(run)](std::string text) mutable {
              seen.text = std::move(text);
              seen.at = clock_.now();
              listener_.progress(seen);
            }};
  }

  // --- storage

  // Reads the execution into `run`. False, and a line in the log, where that fails: it stays as it is.
  bool load(const base::ExecutionId& id, Run& run) {
    auto live = store_.load(id);
    if (!live) observe::error("an execution cannot go on", live.error(), {{"execution", id.str()}});
    if (!live || !*live) return false;
    run.live = std::move(**live);
    run.cancel = run.live.execution.state.cancel;
    return true;
  }

  bool read_cancel(const base::ExecutionId& id, Run& run) {
    auto cancel = store_.cancel_of(id);
    if (!cancel) observe::error("an execution cannot go on", cancel.error(), {{"execution", id.str()}});
    if (!cancel || !*cancel) return false;
    run.cancel = std::move(*cancel);
    return true;
  }

  // The end of an execution is one transaction with what the listener makes of it.
  awaitable<std::optional<Moved>> commit(Run& run, const Transition& next) {
    const auto now = clock_.now();
    storage::Transaction finalise;
    if (next.state.ended()) {
      finalise = [this, ended = ended_of(run.live, next.state, now)](storage::Connection& connection) {
        return listener_.finalise(connection, ended);
      };
    }
    ++statistics_.commits;
    return store_.commit(run.live.execution, next, now, std::move(finalise), [this] { return stopping_; });
  }

  // --- telling

  Progress progress_of(const Run& run) const {
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

  void report(const Run& run, const Transition& next) {
    auto progress = progress_of(run);
    for (const auto& row : next.journal) {
      if (row.kind == "Outcome") ++statistics_.steps;
      if (row.kind == "Takeover" || row.kind == "Sent") continue;
      const auto payload = json::parse(row.payload);
      const auto text = [&](std::string_view name) -> std::string_view {
        const auto* value = payload.as_object().if_contains(name);
        return value == nullptr ? "" : std::string_view(value->get_string());
      };
      progress.what = row.kind;
      progress.step = row.step;
      progress.attempt = static_cast<int>(row.attempt);
      progress.text = row.kind == "Entered" ? text("action") : text("status");
      if (!text("message").empty()) progress.text += fmt::format(": {}", text("message"));
      progress.at = row.at;
      listener_.progress(progress);
    }
  }

  Event at_now(Event::Kind kind) const {
    Event event;
    event.kind = kind;
    event.now = clock_.now();
    return event;
  }

  net::Runtime& runtime_;
  storage::Database& database_;
  const base::Clock& clock_;
  const ActionRegistry& actions_;
  Listener& listener_;
  const EngineSettings settings_;
  ExecutionStore store_;
  std::unordered_map<base::ExecutionId, std::unique_ptr<Run>> runs_;
  std::deque<base::ExecutionId> queue_;
  int running_ = 0;
  bool stopping_ = false;
  EngineStatistics statistics_;
  net::TaskGroup drivers_;
  Timers timers_;
};

Engine::Engine(net::Runtime& runtime, storage::Database& database, const base::Clock& clock,
               const ActionRegistry& actions, Listener& listener, EngineSettings settings)
    : impl_(std::make_unique<Impl>(runtime, database, clock, actions, listener, std::move(settings))) {}

Engine::~Engine() = default;

net::Task<void> Engine::start() {
  CO_TRY(impl_->store_.open());
  auto active = std::make_shared<std::vector<storage::Due>>();
  CO_TRY(co_await impl_->database_.read([active](storage::Connection& connection) {
    return storage::each_active_execution(connection, [&](storage::Due due) { active->push_back(std::move(due)); });
  }));
  const auto now = impl_->clock_.now();
  std::vector<base::ExecutionId> pending;
  for (const auto& due : *active) {
    if (due.wake_at && *due.wake_at > now) {
      impl_->timers_.set(due.id, *due.wake_at);
      continue;
    }
    const auto row = CO_TRY(storage::find_execution(impl_->database_.reader(), due.id));
    if (!row) continue;
    if (row->state == to_string(Status::pending) && !row->cancel_at) {
      pending.push_back(due.id);
    } else {
      impl_->wake(due.id, Event::Kind::resume, impl_->is_counted(row->kind));
    }
  }
  // What had begun went on at once and has its place; what had not queues again, in the order of creation.
  for (const auto& id : pending) impl_->launch(id);
  co_return base::Result<void>{};
}

awaitable<void> Engine::stop() {
  impl_->stopping_ = true;
  impl_->timers_.stop();
  for (auto& [id, run] : impl_->runs_) run->call.cancel();
  co_await impl_->drivers_.join();
}

base::Result<Prepared> Engine::prepare_start(StartRequest request) const {
  if (impl_->is_counted(request.kind) && impl_->queue_.size() >= static_cast<std::size_t>(impl_->settings_.queued)) {
    base::Error error;
    error.kind = base::ErrorKind::throttled;
    error.message = fmt::format("{} executions wait already; try again later", impl_->queue_.size());
    error.retry_after = std::chrono::seconds(5);
    return error;
  }
  return lay_out_execution(std::move(request), impl_->clock_.now());
}

void Engine::launch(const base::ExecutionId& id) {
  impl_->launch(id);
}

net::Task<bool> Engine::cancel(base::ExecutionId id, std::string by) {
  const auto now = impl_->clock_.now();
  auto accepted = std::make_shared<bool>(false);
  const storage::Transaction work = [=](storage::Connection& connection) -> base::Result<void> {
    *accepted = TRY(storage::request_cancel(connection, id, by, now));
    return {};
  };
  auto written = co_await impl_->database_.write(work);
  while (!written && written.error().kind == base::ErrorKind::throttled && !impl_->stopping_) {
    co_await net::sleep_for(impl_->runtime_, kCancelAgainAfter);  // a cancellation is never refused for lack of room
    written = co_await impl_->database_.write(work);
  }
  CO_TRY(std::move(written));
  if (!*accepted) co_return false;
  const auto found = impl_->runs_.find(id);
  if (found == impl_->runs_.end()) {
    impl_->wake(id, Event::Kind::cancel, false);
    co_return true;
  }
  auto& run = *found->second;
  if (!run.cancel) run.cancel = CancelRequest{now, by};
  if (run.calling && run.live.execution.state.status != Status::cancelling) run.call.cancel();
  co_return true;
}

void Engine::tick() {
  impl_->timers_.fire_due();
}

EngineStatistics Engine::statistics() const {
  auto statistics = impl_->statistics_;
  statistics.running = impl_->runs_.size();
  statistics.queued = impl_->queue_.size();
  statistics.waiting = impl_->timers_.size();
  return statistics;
}

}  // namespace slipway::workflow
