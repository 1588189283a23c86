#include "storage/listings.h"

#include "storage/columns.h"

namespace slipway::storage {

using base::Result;

namespace {

const std::string kSelect =
    "SELECT x.id, x.environment_id, e.name, x.document_name, x.document_version, x.kind, x.state, x.cursor, "
    "x.failure_code, x.failure_text, x.parent_id, x.retry_of, x.created_at, x.started_at, x.ended_at "
    "FROM execution x JOIN environment e ON e.id = x.environment_id WHERE ";
// Ids are texts of hexadecimal digits and lower-case letters: this is above all of them.
constexpr std::string_view kAboveAll = "~";

ListedExecution read_execution(Columns columns) {
  ListedExecution row;
  row.id = base::ExecutionId(columns.text());
  row.environment_id = base::EnvironmentId(columns.text());
  row.environment_name = columns.text();
  row.document_name = columns.text();
  row.document_version = columns.integer();
  row.kind = columns.text();
  row.state = columns.text();
  row.cursor = columns.text();
  row.failure_code = columns.text();
  row.failure_text = columns.text();
  row.parent_id = columns.text();
  row.retry_of = columns.text();
  row.created_at = columns.time();
  row.started_at = columns.optional_time();
  row.ended_at = columns.optional_time();
  return row;
}

}  // namespace

Result<std::vector<ListedExecution>> list_executions(Connection& connection, const ExecutionFilter& filter,
                                                     const base::ExecutionId& before, int limit) {
  static const std::string of_all = kSelect + "x.id < ? ORDER BY x.id DESC LIMIT ?";
  // Two parts, each in the order of its index, that are merged: of those that have ended, the few in that state; of
  // those that have not, which are few, each.
  static const std::string of_state = kSelect + "x.ended_at IS NOT NULL AND x.state = ? AND x.id < ? UNION ALL " +
                                      kSelect +
                                      "x.id IN (SELECT id FROM execution WHERE ended_at IS NULL) AND x.state = ? AND "
                                      "x.id < ? ORDER BY 1 DESC LIMIT ?";
  static const std::string of_one =
      kSelect + "x.environment_id = ? AND x.id < ? AND (? = '' OR x.state = ?) ORDER BY x.id DESC LIMIT ?";
  const std::string_view below = before.str().empty() ? kAboveAll : std::string_view(before.str());
  if (filter.environment_id.str().empty() && filter.state.empty()) {
    return all_rows(connection, of_all, {below, limit}, read_execution);
  }
  if (filter.environment_id.str().empty()) {
    return all_rows(connection, of_state, {filter.state, below, filter.state, below, limit}, read_execution);
  }
  return all_rows(connection, of_one, {filter.environment_id.str(), below, filter.state, filter.state, limit},
                  read_execution);
}

Result<std::vector<base::EnvironmentId>> list_environment_ids(Connection& connection, const EnvironmentFilter& filter,
                                                              const base::EnvironmentId& after, int limit) {
  // Written out for what is asked, so that an index serves each: a condition that may not count serves none.
  const bool gone = filter.status == "terminated";
  std::string sql = "SELECT id FROM environment WHERE id > ?1 AND status ";
  sql += gone ? "= 'terminated'" : "<> 'terminated'";
  if (!filter.type.empty()) sql += " AND type = ?2";
  if (!filter.region.empty()) sql += " AND region = ?3";
  if (!filter.status.empty() && !gone) sql += " AND status = ?4";
  return all_rows(connection, sql + " ORDER BY id LIMIT ?5",
                  {after.str(), filter.type, filter.region, filter.status, limit}, read_id);
}

}  // namespace slipway::storage
