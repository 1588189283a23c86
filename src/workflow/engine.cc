// Who runs: the queue, the timers, the start and the stop.
#include "workflow/engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "observe/log.h"
#include "storage/executions.h"
#include "workflow/engine_impl.h"
#include "workflow/new_execution.h"

namespace slipway::workflow {

using boost::asio::awaitable;

namespace {

constexpr std::chrono::milliseconds kCancelAgainAfter{50};
constexpr int kMostWaking = 256;

base::Error too_much(std::string_view what, std::chrono::milliseconds retry_after) {
  base::Error error;
  error.kind = base::ErrorKind::throttled;
  error.message = fmt::format("{}; try again later", what);
  error.retry_after = retry_after;
  return error;
}

}  // namespace

Engine::Impl::Impl(net::Runtime& runtime, storage::Database& database, const base::Clock& clock,
                   const ActionRegistry& actions, Listener& listener, EngineSettings settings,
                   const Documents* documents)
    : runtime_(runtime),
      database_(database),
      clock_(clock),
      actions_(actions),
      listener_(listener),
      settings_(std::move(settings)),
      documents_(documents),
      store_(runtime, database, actions, *settings_.sealing),
      drivers_(runtime),
      timers_(runtime, clock, [this](const base::ExecutionId& id) { on_timer(id); }) {}

void Engine::Impl::launch(const base::ExecutionId& id) {
  const auto row = storage::find_execution(database_.reader(), id);
  if (!row) return observe::error("an execution cannot be read", row.error(), {{"execution", id.str()}});
  if (!*row) return observe::error("an execution to launch does not exist", {{"execution", id.str()}});
  if (!is_queued((*row)->kind)) return wake(id, Event::Kind::resume, false);
  queue_.push_back(id);
  admit();
}

base::Result<void> Engine::Impl::check_room(std::string_view kind) const {
  if (!is_queued(kind)) return {};
  if (const auto waiting = queue_.size() + ready_.size(); waiting >= static_cast<std::size_t>(settings_.queued)) {
    return too_much(fmt::format("{} executions wait already", waiting), std::chrono::seconds(5));
  }
  // What runs already must be able to write its outcomes.
  const auto store = database_.statistics();
  if (store.queue_limit != 0 && store.queued * 5 > store.queue_limit * 4) {
    return too_much(fmt::format("{} writes wait for the disk", store.queued), std::chrono::seconds(1));
  }
  return {};
}

void Engine::Impl::admit() {
  while (!stopping_ && running_ < settings_.running) {
    // One that moves meanwhile, as somebody has said something to it, comes back here when it rests.
    const auto next = std::ranges::find_if(ready_, [this](const Due& one) { return !runs_.contains(one.id); });
    if (next != ready_.end()) {
      const auto due = std::move(*next);
      ready_.erase(next);
      wake(due.id, due.why, true);
    } else if (!queue_.empty()) {
      const auto id = std::move(queue_.front());
      queue_.pop_front();
      wake(id, Event::Kind::resume, true);
    } else {
      return;
    }
  }
}

bool Engine::Impl::needs_place(const storage::ExecutionRow& row) const {
  if (row.state == to_string(Status::cancelling)) return false;
  if (row.parent_id.empty()) return is_queued(row.kind);
  const auto parent = storage::find_execution(database_.reader(), base::ExecutionId(row.parent_id));
  return !parent || !*parent || needs_place(**parent);
}

bool Engine::Impl::has_place(Run& run, Event::Kind why) {
  if (run.counted || run.must_stop() || !needs_place(run.live.execution.row)) return true;
  // People are not made to wait for an answer until a place is free; but they cannot double the places without end.
  const bool said = !run.asked.empty();
  if (running_ < (said ? 2 * settings_.running : settings_.running)) {
    run.counted = true;
    ++running_;
    return true;
  }
  const auto& id = run.live.execution.row.id;
  const auto& state = run.live.execution.state;
  if (why != Event::Kind::signal) {
    ready_.push_back({id, why});
  } else if (state.waiting == Waiting::child && end_of_child(run)) {
    // While it was awake for what was said, the end of its child has passed it by; so may its timer have.
    ready_.push_back({id, Event::Kind::resume});
  } else if (state.waiting != Waiting::nothing && state.wake_at != base::Time{}) {
    timers_.set(id, state.wake_at);
  }
  while (!run.asked.empty())
    answer(run, too_much(fmt::format("{} executions run already", running_), std::chrono::seconds(5)));
  return false;
}

void Engine::Impl::wake(const base::ExecutionId& id, Event::Kind why, bool counted) {
  if (stopping_ || runs_.contains(id)) return;
  auto& run = runs_[id] = std::make_unique<Run>(runtime_);
  run->counted = counted;
  if (counted) ++running_;
  drivers_.spawn("execution " + id.str(), [this, id, why] { return drive(id, why); });
}

void Engine::Impl::wake_in_turn(const base::ExecutionId& id, Event::Kind why) {
  due_.push_back({id, why});
  wake_some();
}

void Engine::Impl::wake_some() {
  while (!stopping_ && waking_ < kMostWaking && !due_.empty()) {
    const auto next = std::move(due_.front());
    due_.pop_front();
    if (runs_.contains(next.id)) continue;  // it moves already, and sees for itself what is due
    wake(next.id, next.why, false);
    runs_.at(next.id)->waking = true;
    ++waking_;
  }
}

void Engine::Impl::is_awake(Run& run) {
  if (!std::exchange(run.waking, false)) return;
  --waking_;
  wake_some();
}

void Engine::Impl::rest(const base::ExecutionId& id) {
  const auto found = runs_.find(id);
  auto run = std::move(found->second);
  runs_.erase(found);
  while (!run->asked.empty()) {
    answer(*run, stopping_ ? base::unavailable("the broker is stopping")
                           : base::conflict(fmt::format("execution {} has ended, or cannot go on", id.str())));
  }
  run->tell_settled();
  if (run->counted) --running_;
  is_awake(*run);
  admit();
}

void Engine::Impl::on_timer(const base::ExecutionId& id) {
  const auto found = runs_.find(id);
  if (found == runs_.end()) return wake_in_turn(id, Event::Kind::timer);
  auto& run = *found->second;
  // It moves by itself; or this is an old entry, of a sleep that was cancelled.
  if (!run.calling || clock_.now() < run.live.execution.state.at.deadline) return;
  run.timed_out = true;
  run.call.cancel();
}

void Engine::Impl::tell_cancelled(const base::ExecutionId& id, const CancelRequest& cancel) {
  const auto found = runs_.find(id);
  if (found == runs_.end()) return wake(id, Event::Kind::cancel, false);
  auto& run = *found->second;
  if (!run.cancel || run.cancel->complete) run.cancel = cancel;
  if (run.calling && run.must_stop()) run.call.cancel();
}

Engine::Engine(net::Runtime& runtime, storage::Database& database, const base::Clock& clock,
               const ActionRegistry& actions, Listener& listener, EngineSettings settings, const Documents* documents)
    : impl_(std::make_unique<Impl>(runtime, database, clock, actions, listener, std::move(settings), documents)) {}

Engine::~Engine() = default;

net::Task<void> Engine::start() {
  CO_TRY(impl_->store_.open());
  auto due = std::make_shared<std::vector<storage::Due>>();
  auto later = std::make_shared<std::vector<storage::Due>>();
  const auto now = impl_->clock_.now();
  CO_TRY(co_await impl_->database_.read([=](storage::Connection& connection) -> base::Result<void> {
    TRY(storage::each_due_execution(connection, now, [&](storage::Due one) { due->push_back(std::move(one)); }));
    return storage::each_later_execution(connection, now, [&](storage::Due one) { later->push_back(std::move(one)); });
  }));
  for (const auto& one : *later) impl_->timers_.set(one.id, *one.wake_at);
  std::vector<base::ExecutionId> pending;
  for (const auto& one : *due) {
    if (one.state == to_string(Status::pending) && !one.cancelled) {
      pending.push_back(one.id);
      if (!impl_->is_queued(one.kind)) impl_->wake(one.id, Event::Kind::resume, false);
    } else if (one.state != to_string(Status::waiting)) {
      const bool free = impl_->running_ < impl_->settings_.running;
      impl_->wake(one.id, Event::Kind::resume, free && impl_->is_queued(one.kind));
    } else if (one.wake_at || one.cancelled) {
      impl_->wake_in_turn(one.id, Event::Kind::resume);
    }  // else it waits for a person, or for a child whose end will wake it
  }
  // What had begun has the first places; what had not queues again, in the order of creation.
  std::erase_if(pending, [&](const base::ExecutionId& id) { return impl_->runs_.contains(id); });
  impl_->queue_.insert(impl_->queue_.end(), pending.begin(), pending.end());
  impl_->admit();
  co_return base::Result<void>{};
}

awaitable<void> Engine::stop() {
  impl_->stopping_ = true;
  impl_->timers_.stop();
  for (auto& [id, run] : impl_->runs_) run->call.cancel();
  co_await impl_->drivers_.join();
}

base::Result<Prepared> Engine::prepare_start(StartRequest request) const {
  TRY(impl_->check_room(request.kind));
  const auto* documents = impl_->documents_;
  return lay_out_execution(std::move(request), impl_->clock_.now(), *impl_->settings_.sealing,
                           documents == nullptr ? nullptr : documents->parameter_store());
}

void Engine::launch(const base::ExecutionId& id) {
  impl_->launch(id);
}

net::Task<bool> Engine::cancel(base::ExecutionId id, std::string by, bool complete, storage::Transaction with) {
  const auto now = impl_->clock_.now();
  auto accepted = std::make_shared<bool>(false);
  const storage::Transaction work = [=](storage::Connection& connection) -> base::Result<void> {
    *accepted = TRY(storage::request_cancel(connection, id, by, now, complete ? storage::kComplete : ""));
    return *accepted && with ? with(connection) : base::Result<void>();
  };
  auto written = co_await impl_->database_.write(work);
  while (!written && written.error().kind == base::ErrorKind::throttled && !impl_->stopping_) {
    co_await net::sleep_for(impl_->runtime_, kCancelAgainAfter);  // a cancellation is never refused for lack of room
    written = co_await impl_->database_.write(work);
  }
  CO_TRY(std::move(written));
  if (!*accepted) co_return false;
  impl_->tell_cancelled(id, {now, std::move(by), complete});
  co_return true;
}

void Engine::tick() {
  impl_->timers_.fire_due();
}

EngineStatistics Engine::statistics() const {
  auto statistics = impl_->statistics_;
  statistics.running = impl_->runs_.size();
  statistics.queued = impl_->queue_.size() + impl_->ready_.size();
  statistics.waiting = impl_->timers_.size();
  return statistics;
}

}  // namespace slipway::workflow
