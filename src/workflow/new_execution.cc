#include "workflow/new_execution.h"

#include <boost/json/serialize.hpp>

#include "storage/documents.h"
#include "workflow/journal.h"
#include "workflow/parameters.h"

namespace slipway::workflow {

namespace json = boost::json;

namespace {

json::object starting_variables(const Plan& plan, const Identity& identity, base::Time now) {
  json::object values;
  const Scope scope{identity, now};
  for (const auto& variable : plan.variables) {
    if (!variable.fallback) continue;
    const auto value = resolve(*variable.fallback, scope);
    values[variable.name] = value ? *value : *variable.fallback;
  }
  return values;
}

// `row`'s constant columns are set, but for the version of the document; so is the state.
Prepared written_with(std::shared_ptr<const Plan> plan, Execution execution, json::object told, base::Time now,
                      const storage::Sealing& sealing) {
  auto& secrets = execution.state.secrets;
  add_secrets(plan->parameters, execution.state.parameters, secrets);
  add_secrets(plan->variables, execution.state.variables, secrets);
  auto& row = execution.row;
  row.id = execution.identity.execution_id;
  row.environment_id = execution.identity.environment_id;
  row.document_name = plan->name;
  row.correlation_id = execution.identity.correlation_id;
  row.created_at = now;
  write_row(execution.state, execution.identity, now, true, row, sealing);

  storage::JournalRow accepted;
  accepted.kind = "Accepted";
  accepted.at = now;
  told["parameters"] = clipped(mask_parameters(*plan, execution.state.parameters));
  if (!execution.state.variables.empty()) {
    auto shown = execution.state.variables;
    for (const auto& variable : plan->variables) {
      if (variable.sensitive) shown.erase(variable.name);
    }
    told["variables"] = clipped(std::move(shown));
  }
  accepted.payload = json::serialize(hide(std::move(told), secrets));
  auto write = [plan, now, row, accepted](storage::Connection& connection) -> base::Result<void> {
    auto pinned = row;
    if (pinned.document_version == 0) {
      pinned.document_version = TRY(storage::ensure_document(connection, plan->name, plan->content, kSemantics, now));
    }
    return storage::insert_execution(connection, pinned, {accepted});
  };
  return Prepared{row.id, std::move(write)};
}

}  // namespace

base::Result<Prepared> lay_out_execution(StartRequest request, base::Time now, const storage::Sealing& sealing,
                                         const ParameterStore* store) {
  auto plan = std::move(request.plan);
  Execution execution;
  execution.identity = {.installation_id = {},
                        .execution_id = base::ExecutionId(base::new_uuid(now.time_since_epoch().count())),
                        .environment_id = request.environment_id,
                        .environment_name = std::move(request.environment_name),
                        .region = std::move(request.region),
                        .account_id = std::move(request.account_id),
                        .partition = "aws",
                        .correlation_id = std::move(request.correlation_id)};
  const auto& identity = execution.identity;
  execution.state.parameters = TRY(bind_parameters(*plan, request.parameters, identity, now, store));
  execution.state.variables = starting_variables(*plan, identity, now);
  execution.state.secrets = std::move(request.secrets);
  execution.row.kind = std::move(request.kind);
  return written_with(std::move(plan), std::move(execution), {{"by", request.by}}, now, sealing);
}

Prepared lay_out_child(const Execution& parent, const ChildStart& child, base::Time now,
                       const storage::Sealing& sealing) {
  Execution execution;
  execution.identity = parent.identity;
  execution.identity.execution_id = child.id;
  ++execution.identity.depth;
  execution.state.parameters = child.parameters;
  execution.state.variables = starting_variables(*child.plan, execution.identity, now);
  execution.state.secrets = child.secrets;
  execution.row.kind = kChild;
  execution.row.parent_id = parent.row.id.str();
  return written_with(child.plan, std::move(execution), {{"by", "execution " + parent.row.id.str()}}, now, sealing);
}

Prepared lay_out_retry(const Execution& ended, std::shared_ptr<const Plan> plan, std::string step, bool afresh,
                       const std::string& by, base::Time now, const storage::Sealing& sealing) {
  Execution execution;
  execution.identity = ended.identity;
  execution.identity.execution_id = base::ExecutionId(base::new_uuid(now.time_since_epoch().count()));
  execution.state.parameters = ended.state.parameters;
  execution.state.outputs = afresh ? json::object{} : ended.state.outputs;
  execution.state.variables = afresh ? starting_variables(*plan, execution.identity, now) : ended.state.variables;
  execution.state.secrets = ended.state.secrets;
  execution.state.at.step = step;
  execution.row.kind = ended.row.kind;
  execution.row.retry_of = ended.row.id.str();
  execution.row.document_version = ended.row.document_version;
  return written_with(std::move(plan), std::move(execution),
                      {{"by", by}, {"retry_of", ended.row.id.str()}, {"from", step}}, now, sealing);
}

}  // namespace slipway::workflow
