#include "storage/lifetimes.h"

#include "storage/columns.h"

namespace slipway::storage {

using base::Result;

Result<void> set_expiry(Connection& connection, const base::EnvironmentId& id, std::optional<base::Time> at) {
  TRY(connection.execute("UPDATE environment SET expires_at = ?, warned_at = NULL WHERE id = ?",
                         {column(at), id.str()}));
  return {};
}

Result<bool> set_warned(Connection& connection, const base::EnvironmentId& id, base::Time expires_at, base::Time now) {
  const auto changed = TRY(
      connection.execute("UPDATE environment SET warned_at = ? WHERE id = ? AND expires_at = ? AND warned_at IS NULL",
                         {column(now), id.str(), column(expires_at)}));
  return changed == 1;
}

Result<void> set_last_active(Connection& connection, const base::EnvironmentId& id, base::Time at) {
  TRY(connection.execute("UPDATE environment SET last_active_at = ? WHERE id = ?", {column(at), id.str()}));
  return {};
}

Result<std::vector<base::EnvironmentId>> ending_environments(Connection& connection, base::Time until) {
  return all_rows(connection,
                  "SELECT id FROM environment WHERE expires_at IS NOT NULL AND status <> 'terminated' "
                  "AND expires_at <= ? ORDER BY expires_at, id",
                  {column(until)}, read_id);
}

Result<std::vector<base::EnvironmentId>> environments_with_status(Connection& connection, std::string_view type,
                                                                  std::string_view status) {
  return all_rows(connection,
                  "SELECT id FROM environment WHERE type = ? AND status = ? AND status <> 'terminated' ORDER BY id",
                  {type, status}, read_id);
}

}  // namespace slipway::storage
