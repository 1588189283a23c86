// What people say to executions, and ended ones that are done again.
#include <fmt/format.h>

#include "storage/executions.h"
#include "workflow/engine_impl.h"
#include "workflow/new_execution.h"

namespace slipway::workflow {

namespace {

// A step of mainSteps: of a step in a loop, the loop. Empty: the document has none of this name.
std::string main_step(const Plan& plan, std::string_view path) {
  int index = plan.find_step(step_name(path));
  if (index == kEnd) return "";
  if (const int loop = plan.steps[static_cast<std::size_t>(index)].parent; loop != kEnd) index = loop;
  return plan.steps[static_cast<std::size_t>(index)].name;
}

}  // namespace

net::Task<SignalResult> Engine::signal(base::ExecutionId id, Signal signal, storage::Transaction with) {
  auto row = CO_TRY(storage::find_execution(impl_->database_.reader(), id));
  if (!row) co_return base::not_found(fmt::format("there is no execution {}", id.str()));
  if (row->ended_at) co_return co_await impl_->do_again(std::move(*row), std::move(signal), std::move(with));
  if (!signal.step.empty()) {
    co_return base::conflict(fmt::format("execution {} has not ended: it cannot begin anew at a step", id.str()));
  }
  if (row->state == to_string(Status::pending)) {
    co_return base::conflict(fmt::format("execution {} waits for nothing: it has not begun", id.str()));
  }
  std::optional<base::Result<SignalResult>> result;
  co_await net::suspend_until(impl_->runtime_, [&](std::function<void()> resume) {
    impl_->ask(id, {std::move(signal), std::move(with),
                    [&result, resume = std::move(resume)](base::Result<SignalResult> answered) {
                      result.emplace(std::move(answered));
                      resume();
                    }});
  });
  co_return std::move(*result);
}

boost::asio::awaitable<void> Engine::settled(base::ExecutionId id, net::Deadline until) {
  const auto found = impl_->runs_.find(id);
  if (found == impl_->runs_.end()) co_return;
  auto& run = *found->second;
  if (run.calling && !run.must_stop()) co_return;
  const auto bell = std::make_shared<net::Doorbell>(impl_->runtime_);
  std::erase_if(run.settling, [](const auto& other) { return other.expired(); });
  run.settling.push_back(bell);
  co_await bell->wait_until(until);
}

void Engine::Impl::ask(const base::ExecutionId& id, Asked asked) {
  if (stopping_) return asked.answer(base::unavailable("the broker is stopping"));
  wake(id, Event::Kind::signal, false);
  auto& run = *runs_.at(id);
  run.asked.push_back(std::move(asked));
  if (run.calling) refuse_asked(run);
}

std::optional<Event> Engine::Impl::next_signal(Run& run) const {
  if (run.asked.empty() || stopping_) return std::nullopt;
  auto event = at_now(Event::Kind::signal);
  event.signal = run.asked.front().signal;
  return event;
}

void Engine::Impl::answer(Run& run, base::Result<SignalResult> result) {
  auto asked = std::move(run.asked.front());
  run.asked.pop_front();
  asked.answer(std::move(result));
}

void Engine::Impl::refuse_asked(Run& run) {
  const auto& execution = run.live.execution;
  while (auto event = next_signal(run)) {
    const auto next = transition(*run.live.plan, execution.identity, execution.state, *event);
    answer(run, next.refusal.value_or(base::conflict("it waits for nothing")));
  }
}

net::Task<SignalResult> Engine::Impl::do_again(storage::ExecutionRow row, Signal signal, storage::Transaction with) {
  const auto refused = [&](std::string_view why) {
    return base::conflict(fmt::format("execution {} has ended as {}: {}", row.id.str(), row.state, why));
  };
  if (signal.kind != Signal::Kind::retry) co_return refused("it can only be retried");
  if (row.state == to_string(Status::success)) co_return refused("there is nothing to retry");
  if (!row.parent_id.empty()) co_return refused(fmt::format("retry its parent {}", row.parent_id));
  CO_TRY(check_room(row.kind));
  const auto plan = CO_TRY(store_.plan_of(row));
  const ExecutionStore::Live live{CO_TRY(store_.read(std::move(row))), plan};
  const auto& ended = live.execution;
  const auto& first = plan->steps.front().name;
  const auto wanted = signal.step.empty() ? "" : main_step(*plan, signal.step);
  if (!signal.step.empty() && wanted.empty()) {
    co_return base::invalid(fmt::format("document {} has no step {}", plan->name, signal.step), "step");
  }
  const auto failed = ended.state.failure ? main_step(*plan, ended.state.failure->step) : first;
  const auto now = clock_.now();
  const auto end = ended_of(live, ended.state, now);
  base::ExecutionId id;
  const storage::Transaction work = [&](storage::Connection& connection) -> base::Result<void> {
    const bool afresh = TRY(listener_.again(connection, end, now));
    const auto& from = !wanted.empty() ? wanted : afresh ? first : failed;
    const auto prepared = lay_out_retry(ended, plan, from, afresh || from == first, signal.by, now, *settings_.sealing);
    id = prepared.id;
    TRY(prepared.write(connection));
    return with ? with(connection) : base::Result<void>();
  };
  CO_TRY(co_await database_.write(work));
  launch(id);
  co_return SignalResult{id};
}

}  // namespace slipway::workflow
