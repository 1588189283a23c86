#include "workflow/new_execution.h"

#include <boost/json/serialize.hpp>

#include "storage/documents.h"
#include "workflow/journal.h"
#include "workflow/parameters.h"

namespace slipway::workflow {

namespace json = boost::json;

base::Result<Prepared> lay_out_execution(StartRequest request, base::Time now) {
  const auto plan = std::move(request.plan);
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
  execution.state.parameters = TRY(bind_parameters(*plan, request.parameters, identity, now));
  auto& row = execution.row;
  row.id = identity.execution_id;
  row.environment_id = identity.environment_id;
  row.document_name = plan->name;
  row.kind = std::move(request.kind);
  row.correlation_id = identity.correlation_id;
  row.created_at = now;
  write_row(execution.state, identity, now, true, row);

  storage::JournalRow accepted;
  accepted.kind = "Accepted";
  accepted.at = now;
  accepted.payload = json::serialize(
      json::object{{"by", request.by}, {"parameters", clipped(mask_parameters(*plan, execution.state.parameters))}});
  auto write = [plan, now, row, accepted](storage::Connection& connection) -> base::Result<void> {
    auto pinned = row;
    pinned.document_version = TRY(storage::ensure_document(connection, plan->name, plan->content, kSemantics, now));
    return storage::insert_execution(connection, pinned, {accepted});
  };
  return Prepared{row.id, std::move(write)};
}

}  // namespace slipway::workflow
