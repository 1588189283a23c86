#include "storage/access_keys.h"

#include <fmt/format.h>

#include "storage/columns.h"

namespace slipway::storage {

using base::Result;

namespace {

AccessKeyRow read_access_key(Columns columns) {
  AccessKeyRow row;
  row.id = columns.text();
  row.name = columns.text();
  row.sealed_secret = columns.text();
  row.created_at = columns.time();
  row.rights = columns.text();
  return row;
}

}  // namespace

Result<void> insert_access_key(Connection& connection, const AccessKeyRow& row) {
  TRY(connection.execute("INSERT INTO access_key (id, name, secret, created_at, rights) VALUES (?, ?, ?, ?, ?)",
                         {row.id, row.name, row.sealed_secret, column(row.created_at), row.rights}));
  return {};
}

Result<void> remove_access_key(Connection& connection, std::string_view id) {
  const auto removed = TRY(connection.execute("DELETE FROM access_key WHERE id = ?", {id}));
  if (removed == 0) return base::not_found(fmt::format("there is no access key {}", id));
  return {};
}

Result<std::vector<AccessKeyRow>> all_access_keys(Connection& connection) {
  return all_rows(connection, "SELECT id, name, secret, created_at, rights FROM access_key ORDER BY created_at, id", {},
                  read_access_key);
}

}  // namespace slipway::storage
