// The environments service's answers about executions, and lists over all types: for the operator API.
#include "storage/executions.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/audit.h"
#include "broker/environments.h"
#include "broker/rows.h"
#include "workflow/history.h"

namespace slipway::broker {

namespace {

constexpr int kMostOfAName = 100;

base::Error no_execution(const base::ExecutionId& id) {
  return base::not_found(fmt::format("There is no execution {}. `slipway execution list` has their ids.", id.str()));
}

}  // namespace

base::Result<EnvironmentPtr> Environments::resolve(const std::string& name_or_id) {
  if (auto found = TRY(find(base::EnvironmentId(name_or_id)))) return found;
  auto rows = TRY(storage::find_environments_by_name(database_.reader(), name_or_id, kMostOfAName));
  if (rows.empty()) {
    return base::not_found(
        fmt::format("There is and was no environment {}. Names and ids are listed by "
                    "`slipway env list`.",
                    name_or_id));
  }
  const auto lives = [](const auto& row) { return row.status != to_string(Status::terminated); };
  if (std::ranges::count_if(rows, lives) > 1) {
    return base::conflict(fmt::format("Several environments are named {}: say which by its id.", name_or_id));
  }
  const auto live = std::ranges::find_if(rows, lives);
  return find(live == rows.end() ? rows.front().id : live->id);
}

net::Task<EnvironmentPage> Environments::list(storage::EnvironmentFilter filter, std::string token, int limit) {
  std::vector<base::EnvironmentId> ids;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    ids = TRY(storage::list_environment_ids(connection, filter, base::EnvironmentId(token), limit + 1));
    return {};
  }));
  EnvironmentPage page;
  const bool more = std::ssize(ids) > limit;
  if (more) ids.pop_back();
  for (const auto& id : ids) {
    auto environment = CO_TRY(find(id));
    if (environment) page.environments.push_back(std::move(environment));
  }
  if (more) page.next = ids.back().str();
  co_return page;
}

net::Task<ExecutionPage> Environments::list_executions(storage::ExecutionFilter filter, std::string token, int limit) {
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

net::Task<workflow::ExecutionHistory> Environments::execution(base::ExecutionId id) {
  std::optional<workflow::ExecutionHistory> history;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    if (!TRY(storage::find_execution(connection, id))) return no_execution(id);
    history = TRY(workflow::history_of(connection, id));
    return {};
  }));
  co_return std::move(*history);
}

net::Task<std::vector<storage::JournalRow>> Environments::journal(base::ExecutionId id, std::int64_t after, int limit) {
  std::vector<storage::JournalRow> rows;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    if (!TRY(storage::find_execution(connection, id))) return no_execution(id);
    rows = TRY(storage::journal_of(connection, id, after, limit));
    return {};
  }));
  co_return rows;
}

net::Task<workflow::ExecutionHistory> Environments::cancel_execution(base::ExecutionId id, Cause cause) {
  auto before = CO_TRY(co_await execution(id));
  const auto ended = [&] {
    return base::conflict(
        fmt::format("The execution {} has ended as {}: nothing of it is left to cancel.", id.str(), before.status));
  };
  if (before.ended_at) co_return ended();
  const auto audit =
      audit_row(cause, clock_.now(), before.environment_id.str(), {{"execution", id.str()}, {"state", before.status}},
                {{"execution", id.str()}, {"cancelledBy", cause.who}});
  CO_TRY(co_await database_.write(
      [&](storage::Connection& connection) { return storage::insert_audit(connection, audit); }));
  if (!CO_TRY(co_await engine_.cancel(id, cause.who))) co_return ended();
  co_return co_await execution(id);
}

}  // namespace slipway::broker
