// The environments service's executions: what people say to them, those that are done again, and the documents that
// their children run.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "broker/audit.h"
#include "broker/ending.h"
#include "broker/environments.h"
#include "broker/rows.h"

namespace slipway::broker {

namespace {

// "jupyter/rollback.yaml" is `rollback`.
std::string_view base_name(std::string_view document) {
  document = document.substr(document.rfind('/') + 1);
  if (document.ends_with(".yaml")) document.remove_suffix(5);
  return document;
}

}  // namespace

net::Task<workflow::SignalResult> Environments::signal(base::ExecutionId id, workflow::Signal signal, Cause cause) {
  const auto row = CO_TRY(storage::find_execution(database_.reader(), id));
  if (!row) co_return base::not_found(fmt::format("There is no execution {}.", id.str()));
  signal.by = cause.who;
  const boost::json::object said{{"signal", to_string(signal.kind)}, {"execution", id.str()}};
  const auto result = CO_TRY(co_await engine_.signal(id, std::move(signal)));
  cache_.drop(row->environment_id);  // an execution that begins again changes it
  CO_TRY(co_await database_.write(
      [&](storage::Connection& connection) { return record(connection, cause, row->environment_id.str(), {}, said); }));
  co_return result;
}

net::Task<void> Environments::cancel_execution(base::ExecutionId id, bool complete, Cause cause) {
  const auto row = CO_TRY(storage::find_execution(database_.reader(), id));
  if (!row) co_return base::not_found(fmt::format("There is no execution {}.", id.str()));
  if (!CO_TRY(co_await engine_.cancel(id, cause.who, complete))) {
    co_return base::conflict(fmt::format("The execution {} has ended already.", id.str()));
  }
  const boost::json::object said{{"cancel", complete ? "complete" : "cancel"}, {"execution", id.str()}};
  co_return co_await database_.write(
      [&](storage::Connection& connection) { return record(connection, cause, row->environment_id.str(), {}, said); });
}

base::Result<void> Environments::again(storage::Connection& connection, const workflow::Identity& identity,
                                       const std::string& kind, base::Time now) {
  auto row = TRY(storage::find_environment(connection, identity.environment_id));
  if (!row) return base::not_found("The environment does not exist any more.");
  const auto version = row->version;
  auto environment = from_row(std::move(*row));
  TRY(may_begin_again(kind, environment));
  environment.status = under_way(kind);
  environment.failure.reset();
  environment.rolled_back = false;
  environment.updated_at = now;
  auto changed = to_row(environment);
  changed.version = version;
  return storage::update_environment(connection, changed);
}

base::Result<std::shared_ptr<const workflow::Plan>> Environments::find(const workflow::Identity& parent,
                                                                       std::string_view name) const {
  const auto row = TRY(storage::find_environment(database_.reader(), parent.environment_id));
  const auto* type = row ? types_.find(row->type) : nullptr;
  const auto* provider = provider_for(parent.region);
  std::vector<std::string> known;
  if (type != nullptr && provider != nullptr) {
    const auto plans = type->documents.find(provider->name());
    for (const auto& [operation, plan] : plans == type->documents.end() ? EnvironmentType::Plans{} : plans->second) {
      if (base_name(plan->name) == workflow::document_base_name(name)) return plan;
      known.emplace_back(base_name(plan->name));
    }
  }
  return base::not_found(fmt::format("there is no document {}; the type of {} has {}", name, parent.environment_name,
                                     base::join(known, ", ")));
}

}  // namespace slipway::broker
