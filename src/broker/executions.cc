// The environments service's executions: what people say to them, those that are done again, and the documents that
// their children run.
#include "storage/executions.h"

#include <fmt/format.h>

#include "broker/admission.h"
#include "broker/audit.h"
#include "broker/ending.h"
#include "broker/environments.h"
#include "broker/rows.h"
#include "net/deadline.h"

namespace slipway::broker {

namespace {

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
base::Result<std::optional<storage::ExecutionRow>> newest(storage::Connection& connection,
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

base::Result<base::ExecutionId> Environments::resolve_execution(const std::string& name, Meant meant) {
  auto& connection = database_.reader();
  if (TRY(storage::find_execution(connection, base::ExecutionId(name)))) return base::ExecutionId(name);
  const auto environment = resolve(name);
  if (!environment && environment.error().kind != base::ErrorKind::not_found) return environment.error();
  if (!environment) {
    return base::not_found(fmt::format(
        "There is no execution {0}, and no environment of that name or id. They are listed by `slipway execution "
        "list` and `slipway env list`.",
        name));
  }
  auto row = TRY(newest(connection, (*environment)->id));
  if (!row) return base::not_found(fmt::format("The environment {} has no execution.", name));
  if (meant == Meant::the_one_that_waits) row = TRY(innermost(connection, std::move(*row)));
  return row->id;
}

net::Task<workflow::SignalResult> Environments::signal(base::ExecutionId id, workflow::Signal signal, Cause cause) {
  const auto row = CO_TRY(storage::find_execution(database_.reader(), id));
  if (!row) co_return base::not_found(fmt::format("There is no execution {}.", id.str()));
  signal.by = cause.who;
  const auto audit = audit_row(cause, clock_.now(), row->environment_id.str(), {},
                               {{"signal", to_string(signal.kind)}, {"execution", id.str()}});
  const auto result = CO_TRY(co_await engine_.signal(
      id, std::move(signal), [audit](storage::Connection& written) { return storage::insert_audit(written, audit); }));
  cache_.drop(row->environment_id);  // an execution that begins again changes it
  co_await engine_.settled(result.execution, net::in(kLongestSettling));
  co_return result;
}

net::Task<void> Environments::cancel_execution(base::ExecutionId id, bool complete, Cause cause) {
  const auto row = CO_TRY(storage::find_execution(database_.reader(), id));
  if (!row) co_return base::not_found(fmt::format("There is no execution {}.", id.str()));
  const auto audit = audit_row(cause, clock_.now(), row->environment_id.str(), {},
                               {{"cancel", complete ? "complete" : "cancel"}, {"execution", id.str()}});
  const bool accepted = CO_TRY(co_await engine_.cancel(id, cause.who, complete, [audit](storage::Connection& written) {
    return storage::insert_audit(written, audit);
  }));
  if (!accepted) co_return base::conflict(fmt::format("The execution {} has ended already.", id.str()));
  co_await engine_.settled(id, net::in(kLongestSettling));
  co_return base::Result<void>();
}

base::Result<bool> Environments::again(storage::Connection& connection, const workflow::Ended& ended, base::Time now) {
  auto row = TRY(storage::find_environment(connection, ended.identity.environment_id));
  if (!row) return base::not_found("The environment does not exist any more.");
  const auto version = row->version;
  auto environment = TRY(from_row(std::move(*row), sealing_));
  TRY(may_begin_again(ended.kind, environment));
  TRY(admit(ended.kind, environment, now));
  environment.status = under_way(ended.kind);
  environment.failure.reset();
  environment.rolled_back = false;
  environment.updated_at = now;
  auto changed = to_row(environment, sealing_);
  changed.version = version;
  TRY(storage::update_environment(connection, changed));
  TRY(tell_status(connection, changed));
  return ended.outputs.contains(kRolledBack);
}

base::Result<std::shared_ptr<const workflow::Plan>> Environments::find(const workflow::Identity& parent,
                                                                       std::string_view name) const {
  const auto row = TRY(storage::find_environment(database_.reader(), parent.environment_id));
  if (!row) return base::not_found(fmt::format("There is no environment {}.", parent.environment_name));
  const auto type = TRY(types_.find(row->type, static_cast<int>(row->type_version)));
  if (const auto* provider = provider_for(parent.region)) {
    if (auto plan = type->child(provider->name(), workflow::document_base_name(name))) return plan;
  }
  return base::not_found(
      fmt::format("there is no document {} among the children of the type of {}", name, parent.environment_name));
}

}  // namespace slipway::broker
