// The environments service's executions: what people say to them, those that are done again, and the documents that
// their children run.
#include <fmt/format.h>

#include "broker/admission.h"
#include "broker/audit.h"
#include "broker/ending.h"
#include "broker/environments.h"
#include "broker/rows.h"

namespace slipway::broker {

net::Task<workflow::SignalResult> Environments::signal(base::ExecutionId id, workflow::Signal signal, Cause cause) {
  const auto row = CO_TRY(storage::find_execution(database_.reader(), id));
  if (!row) co_return base::not_found(fmt::format("There is no execution {}.", id.str()));
  signal.by = cause.who;
  const auto audit = audit_row(cause, clock_.now(), row->environment_id.str(), {},
                               {{"signal", to_string(signal.kind)}, {"execution", id.str()}});
  const auto result = CO_TRY(co_await engine_.signal(
      id, std::move(signal), [audit](storage::Connection& written) { return storage::insert_audit(written, audit); }));
  cache_.drop(row->environment_id);  // an execution that begins again changes it
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
