// What the environments service is told and asked: by the engine what becomes of its executions and which documents
// their children run, by providers what becomes of an environment by itself.
#include <fmt/format.h>

#include "base/text.h"
#include "broker/admission.h"
#include "broker/audit.h"
#include "broker/ending.h"
#include "broker/environments.h"
#include "broker/outside_status.h"
#include "broker/rows.h"
#include "observe/log.h"
#include "storage/types.h"

namespace slipway::broker {

// From the row, not the registry: this is the writer's thread. Once for each version, since every change waits for it.
base::Result<InstanceKeys> Environments::keys_of_instance(storage::Connection& connection,
                                                          const Environment& environment) {
  const auto version = std::pair(environment.type, environment.type_version);
  const auto known = instance_keys_.find(version);
  if (known != instance_keys_.end()) return known->second;
  const auto pinned = TRY(storage::find_type_version(connection, environment.type, environment.type_version));
  if (!pinned) return InstanceKeys{};
  return instance_keys_[version] = instance_keys(pinned->files);
}

base::Result<void> Environments::finalise(storage::Connection& connection, const workflow::Ended& ended) {
  auto row = TRY(storage::find_environment(connection, ended.identity.environment_id));
  if (!row) return {};
  const auto version = row->version;
  auto environment = TRY(from_row(std::move(*row), sealing_));
  const auto status = environment.status;
  apply_end(ended, environment);
  if (ended.kind == kLaunch && environment.type_version > 0) {
    const auto keys = TRY(keys_of_instance(connection, environment));
    const auto facts = instance_of(keys, ended.outputs);
    environment.instance_id = facts.id;
    environment.instance_arn = facts.arn;
    environment.instance_role = facts.role;
  }
  auto changed = to_row(environment, sealing_);
  changed.version = version;
  TRY(storage::update_environment(connection, changed));
  return environment.status == status ? base::Result<void>() : tell_status(connection, changed);
}

void Environments::ended(const workflow::Ended& ended) {
  const auto& id = ended.identity.environment_id;
  cache_.drop(id);
  events_.tell();
  const auto environment = cache_.find(id);
  if (!environment || !*environment) return;
  const auto& found = **environment;
  observe::info("environment changed", {{"environment", id.str()},
                                        {"name", found.name},
                                        {"status", to_string(found.status)},
                                        {"reason", found.failure ? found.failure->reason : ""},
                                        {observe::kCorrelationId, found.correlation_id}});
  if (found.status == Status::terminating) {
    tasks_.spawn("terminate " + found.name, [this, id] { return go_on_with_all({id}); });
  }
  if (!has_resources(found)) leftovers_.sweep_after(id);
  auto* provider = providers_.serving(found.region);
  if (provider != nullptr && found.status == Status::available) provider->tend(found);
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

void Environments::progress(const workflow::Progress& progress) {
  if (progress.what == "Progress") {
    events_.tell_line(progress);
    progress_[progress.environment_id] = progress.text;
    return;
  }
  events_.tell_soon();
  progress_.erase(progress.environment_id);
  if (progress.what == "Ended") return;  // ended() tells what it means
  observe::info("step", {{"environment", progress.environment_id.str()},
                         {"name", progress.environment_name},
                         {"execution", progress.execution_id.str()},
                         {"kind", progress.kind},
                         {"event", progress.what},
                         {"step", progress.step},
                         {"attempt", progress.attempt},
                         {"text", progress.text},
                         {observe::kCorrelationId, progress.correlation_id}});
}

base::Result<std::shared_ptr<const workflow::Plan>> Environments::find(const workflow::Identity& parent,
                                                                       std::string_view name) const {
  const auto row = TRY(storage::find_environment(database_.reader(), parent.environment_id));
  if (!row) return base::not_found(fmt::format("There is no environment {}.", parent.environment_name));
  const auto type = TRY(types_.find(row->type, static_cast<int>(row->type_version)));
  if (const auto* provider = providers_.serving(parent.region)) {
    if (auto plan = type->child(provider->name(), workflow::document_base_name(name))) return plan;
  }
  return base::not_found(fmt::format("there is no document {} among the children of the type of {}",
                                     base::excerpt(name), parent.environment_name));
}

void Environments::notice(const base::EnvironmentId& id, std::string what, std::string words) {
  observe::warning("something became of an environment by itself",
                   {{"environment", id.str()}, {"what", what}, {"words", words}});
  tasks_.spawn("notice of " + id.str(), [this, id, what, words]() -> boost::asio::awaitable<void> {
    const auto now = clock_.now();
    const auto audit = audit_row(by_the_broker(what), now, id.str(), {}, {{"reason", words}});
    const auto written = co_await database_.write([=](storage::Connection& connection) -> base::Result<void> {
      TRY(storage::insert_audit(connection, audit));
      return tell_warning(connection, id, words, {}, now);
    });
    if (!written) observe::error("it cannot be put on record", written.error(), {{"environment", id.str()}});
    events_.tell();
  });
}

}  // namespace slipway::broker
