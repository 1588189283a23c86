#include "workflow/execution_store.h"

#include <fmt/format.h>

#include "observe/log.h"
#include "storage/documents.h"
#include "storage/installation.h"

namespace slipway::workflow {

using storage::Moved;

namespace {

constexpr std::chrono::milliseconds kAgainAfter{200};
// Well under what the store queues, so that a thousand timers at one instant leave room for requests.
constexpr int kMostWriting = 1024;

}  // namespace

base::Result<void> ExecutionStore::open() {
  installation_id_ = TRY(storage::installation_id(database_.reader()));
  return {};
}

base::Result<std::optional<ExecutionStore::Live>> ExecutionStore::load(const base::ExecutionId& id) {
  auto row = TRY(storage::find_execution(database_.reader(), id));
  if (!row || row->ended_at) return std::optional<Live>();
  Live live;
  live.plan = TRY(plan_of(*row));
  live.execution = TRY(read(std::move(*row)));
  live.execution.identity.installation_id = installation_id_;
  const auto& step = live.execution.state.at.step;
  if (!step.empty() && live.plan->find_step(step_name(step)) == kEnd) {
    return base::internal(fmt::format("document {} has no step {}", live.plan->name, step));
  }
  return std::optional(std::move(live));
}

base::Result<std::optional<Event::Child>> ExecutionStore::end_of(const base::ExecutionId& id) {
  auto row = TRY(storage::find_execution(database_.reader(), id));
  if (!row) return base::internal(fmt::format("execution {} is gone", id.str()));
  if (!row->ended_at) return std::optional<Event::Child>();
  const auto plan = TRY(plan_of(*row));
  auto execution = TRY(read(std::move(*row)));
  auto& state = execution.state;
  Event::Child child{.id = id.str(),
                     .status = state.status,
                     .outputs = output_list(*plan, state),
                     .reason = {},
                     .secrets = state.secrets};
  if (state.failure && state.status != Status::success) child.reason = state.failure->message;
  return std::optional(std::move(child));
}

base::Result<std::shared_ptr<const Plan>> ExecutionStore::plan_of(const storage::ExecutionRow& row) {
  const auto& name = row.document_name;
  const auto version = row.document_version;
  if (const auto known = plans_.find({name, version}); known != plans_.end()) return known->second;
  const auto document = TRY(storage::find_document(database_.reader(), name, version));
  if (!document) return base::internal(fmt::format("document {} version {} is gone", name, version));
  if (document->semantics > kSemantics || document->semantics < kOldestSemantics) {
    return base::internal(
        fmt::format("document {} was written for engine semantics {}, and this broker knows {} to {}: {}", name,
                    document->semantics, kOldestSemantics, kSemantics,
                    document->semantics > kSemantics ? "a newer broker began it, and only such a one can go on with it"
                                                     : "an older broker has to finish it"));
  }
  auto loaded = load_document(name, document->content, actions_);
  if (!loaded.plan) {
    return base::internal(
        fmt::format("document {} does not load in this broker: {}", name, to_string(loaded.problems.front())));
  }
  plans_[{name, version}] = loaded.plan;
  return loaded.plan;
}

base::Result<std::optional<CancelRequest>> ExecutionStore::cancel_of(const base::ExecutionId& id) {
  const auto row = TRY(storage::find_execution(database_.reader(), id));
  if (!row || !row->cancel_at) return std::optional<CancelRequest>();
  return std::optional(CancelRequest{*row->cancel_at, row->cancel_by, row->cancel_kind == storage::kComplete});
}

// True where the row is as the move wanted it: an earlier try was written, and only its answer was lost.
bool ExecutionStore::is_stored(const storage::ExecutionRow& next) {
  const auto stored = storage::find_execution(database_.reader(), next.id);
  return stored && *stored && (*stored)->seq == next.seq + 1 && (*stored)->fence == next.fence &&
         (*stored)->progress == next.progress && (*stored)->state == next.state;
}

boost::asio::awaitable<std::optional<Moved>> ExecutionStore::commit(Execution& execution, const Transition& next,
                                                                    base::Time now, storage::Transaction with,
                                                                    std::function<bool()> give_up) {
  auto move = std::make_shared<storage::Move>();
  move->next = execution.row;
  write_row(next.state, execution.identity, now, next.values_changed, move->next, sealing_);
  move->vals_changed = next.values_changed;
  const auto& cancel = next.state.cancel;
  move->ignore_cancel = cancel && !cancel->complete;
  move->ignore_complete = cancel && cancel->complete;
  move->journal = next.journal;
  move->effects = next.effects;
  auto moved = std::make_shared<Moved>(Moved::lost);
  const storage::Transaction work = [move, moved, with](storage::Connection& connection) -> base::Result<void> {
    *moved = TRY(storage::move_execution(connection, *move));
    return *moved == Moved::yes && with ? with(connection) : base::Result<void>{};
  };
  for (unsigned attempt = 1;; ++attempt) {
    const auto written = co_await write_in_turn(work);
    if (written) break;
    const bool is_told = (attempt & (attempt - 1)) == 0;  // the 1st, 2nd, 4th, 8th ... attempt
    if (is_told && written.error().kind != base::ErrorKind::throttled) {
      observe::error("a transition cannot be written; it is tried again", written.error(),
                     {{"execution", move->next.id.str()},
                      {"attempt", attempt},
                      {observe::kCorrelationId, execution.identity.correlation_id}});
    }
    if (give_up()) co_return std::nullopt;
    co_await net::sleep_for(runtime_, kAgainAfter);
  }
  if (*moved == Moved::lost && is_stored(move->next)) *moved = Moved::yes;
  if (*moved == Moved::yes) {
    execution.row = std::move(move->next);
    ++execution.row.seq;
    execution.state = next.state;
  }
  co_return *moved;
}

net::Task<void> ExecutionStore::write_in_turn(storage::Transaction work) {
  while (writing_ >= kMostWriting) {
    co_await net::suspend_until(runtime_, [this](std::function<void()> go_on) { turns_.push_back(std::move(go_on)); });
  }
  // Whatever ends the write, an exception too: the next one has its turn.
  struct Turn {
    explicit Turn(ExecutionStore& given) : store(given) { ++store.writing_; }
    ~Turn() {
      --store.writing_;
      if (store.turns_.empty()) return;
      const auto go_on = std::move(store.turns_.front());
      store.turns_.pop_front();
      go_on();
    }
    ExecutionStore& store;
  } turn(*this);
  co_return co_await database_.write(std::move(work));
}

}  // namespace slipway::workflow
