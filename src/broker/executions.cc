#include "broker/executions.h"

#include <fmt/format.h>

#include <optional>

#include "base/text.h"
#include "broker/audit.h"
#include "net/deadline.h"
#include "workflow/pending_steps.h"

namespace slipway::broker {

namespace {

base::Error no_execution(const base::ExecutionId& id) {
  return base::not_found(
      fmt::format("There is no execution {}. `slipway execution list` has their ids.", base::excerpt(id.str())));
}

// What a call that was told to stop is given, before the answer shows the execution as it stands.
constexpr std::chrono::seconds kLongestSettling{5};

// The last in the chain of children that `row` waits for; `row` itself where it waits for none.
base::Result<storage::ExecutionRow> innermost(storage::Connection& connection, storage::ExecutionRow row) {
  for (;;) {
    const auto state = TRY(workflow::read_progress(row));
    if (state.waiting != workflow::Waiting::child) return row;
    auto child = TRY(storage::find_execution(connection, base::ExecutionId(state.child)));
    if (!child || child->ended_at) return row;
    row = std::move(*child);
  }
}

// The newest of an environment that no other one has started.
base::Result<std::optional<storage::ExecutionRow>> newest_whole(storage::Connection& connection,
                                                                const base::EnvironmentId& environment) {
  auto rows = TRY(storage::executions_of(connection, environment, 1));
  if (rows.empty()) return std::optional<storage::ExecutionRow>();
  auto row = std::optional(std::move(rows.front()));
  while (row && !row->parent_id.empty()) {
    row = TRY(storage::find_execution(connection, base::ExecutionId(row->parent_id)));
  }
  return row;
}

}  // namespace

Executions::Executions(storage::Database& database, const base::Clock& clock, workflow::Engine& engine,
                       EnvironmentCache& cache)
    : database_(database), clock_(clock), engine_(engine), cache_(cache) {}

net::Task<ExecutionPage> Executions::list(storage::ExecutionFilter filter, std::string token, int limit) {
  ExecutionPage page;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    page.executions = TRY(storage::list_executions(connection, filter, base::ExecutionId(token), limit + 1));
    return {};
  }));
  if (std::ssize(page.executions) > limit) {
    page.executions.pop_back();
    page.next = page.executions.back().id.str();
  }
  co_return page;
}

net::Task<workflow::ExecutionHistory> Executions::find(base::ExecutionId id) {
  std::optional<workflow::ExecutionHistory> history;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    if (!TRY(storage::find_execution(connection, id))) return no_execution(id);
    history = TRY(workflow::history_of(connection, id));
    return {};
  }));
  co_return std::move(*history);
}

net::Task<workflow::ExecutionHistory> Executions::describe(base::ExecutionId id) {
  auto history = CO_TRY(co_await find(std::move(id)));
  CO_TRY(co_await database_.read(
      [&](storage::Connection& connection) { return workflow::add_pending_steps(connection, history); }));
  co_return history;
}

net::Task<std::vector<storage::JournalRow>> Executions::journal(base::ExecutionId id, std::int64_t after, int limit) {
  std::vector<storage::JournalRow> rows;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    if (!TRY(storage::find_execution(connection, id))) return no_execution(id);
    rows = TRY(storage::journal_of(connection, id, after, limit));
    return {};
  }));
  co_return rows;
}

base::Result<std::optional<base::ExecutionId>> Executions::newest(const base::EnvironmentId& environment, Meant meant) {
  auto& connection = database_.reader();
  auto row = TRY(newest_whole(connection, environment));
  if (row && meant == Meant::the_one_that_waits) row = TRY(innermost(connection, std::move(*row)));
  return row ? std::optional(row->id) : std::nullopt;
}

net::Task<workflow::SignalResult> Executions::signal(base::ExecutionId id, workflow::Signal signal, Cause cause) {
  const auto row = CO_TRY(storage::find_execution(database_.reader(), id));
  if (!row) co_return no_execution(id);
  signal.by = cause.who;
  const auto audit = audit_row(cause, clock_.now(), row->environment_id.str(), {},
                               {{"signal", to_string(signal.kind)}, {"execution", id.str()}});
  const auto result = CO_TRY(co_await engine_.signal(
      id, std::move(signal), [audit](storage::Connection& written) { return storage::insert_audit(written, audit); }));
  cache_.drop(row->environment_id);  // an execution that begins again changes it
  co_await engine_.settled(result.execution, net::in(kLongestSettling));
  co_return result;
}

net::Task<void> Executions::cancel(base::ExecutionId id, bool complete, Cause cause) {
  const auto row = CO_TRY(storage::find_execution(database_.reader(), id));
  if (!row) co_return no_execution(id);
  const auto audit = audit_row(cause, clock_.now(), row->environment_id.str(), {},
                               {{"cancel", complete ? "complete" : "cancel"}, {"execution", id.str()}});
  const bool accepted = CO_TRY(co_await engine_.cancel(id, cause.who, complete, [audit](storage::Connection& written) {
    return storage::insert_audit(written, audit);
  }));
  if (!accepted) co_return base::conflict(fmt::format("The execution {} has ended already.", id.str()));
  co_await engine_.settled(id, net::in(kLongestSettling));
  co_return base::Result<void>();
}

}  // namespace slipway::broker
