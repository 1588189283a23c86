#include "storage/audit.h"

#include <limits>

#include "storage/columns.h"

namespace slipway::storage {

using base::Result;

namespace {

AuditRow read_audit(Columns columns) {
  AuditRow row;
  row.id = columns.integer();
  row.at = columns.time();
  row.who = columns.text();
  row.surface = columns.text();
  row.what = columns.text();
  row.target = columns.text();
  row.before = columns.text();
  row.after = columns.text();
  row.request_id = columns.text();
  row.correlation_id = columns.text();
  return row;
}

const std::string kColumns = "at, who, surface, what, target, before, after, request_id, correlation_id";

}  // namespace

Result<void> insert_audit(Connection& connection, const AuditRow& row) {
  static const std::string sql = "INSERT INTO audit (" + kColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
  TRY(connection.execute(sql, {column(row.at), row.who, row.surface, row.what, row.target, row.before, row.after,
                               row.request_id, row.correlation_id}));
  return {};
}

Result<std::vector<AuditRow>> list_audit(Connection& connection, std::string_view target, std::int64_t before_id,
                                         int limit) {
  static const std::string all = "SELECT id, " + kColumns + " FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?";
  static const std::string of_target =
      "SELECT id, " + kColumns + " FROM audit WHERE target = ? AND id < ? ORDER BY id DESC LIMIT ?";
  const auto before = before_id > 0 ? before_id : std::numeric_limits<std::int64_t>::max();
  if (target.empty()) return all_rows(connection, all, {before, limit}, read_audit);
  return all_rows(connection, of_target, {target, before, limit}, read_audit);
}

}  // namespace slipway::storage
