#include "storage/types.h"

#include <fmt/format.h>

#include "storage/columns.h"

namespace slipway::storage {

using base::Result;

namespace {

const std::string kColumns = "v.name, v.version, v.sha256, v.files, v.source, v.created_at, v.created_by";

TypeVersionRow read_version(Columns columns) {
  TypeVersionRow row;
  row.name = columns.text();
  row.version = columns.integer();
  row.sha256 = columns.text();
  row.files = columns.text();
  row.source = columns.text();
  row.created_at = columns.time();
  row.created_by = columns.text();
  return row;
}

UsedVersion read_used(Columns columns) {
  UsedVersion used;
  used.name = columns.text();
  used.version = columns.integer();
  return used;
}

Result<std::int64_t> next_version(Connection& connection, std::string_view name) {
  const auto last =
      TRY(first_row(connection,
                    "SELECT COALESCE(MAX(version), 0) FROM (SELECT version FROM type_version WHERE name = "
                    "? UNION ALL SELECT version FROM removed_type_version WHERE name = ?)",
                    {name, name}, read_integer));
  return last.value_or(0) + 1;
}

}  // namespace

Result<EnsuredVersion> ensure_type_version(Connection& connection, const TypeVersionRow& row) {
  const auto known = TRY(first_row(connection, "SELECT version FROM type_version WHERE name = ? AND sha256 = ?",
                                   {row.name, row.sha256}, read_integer));
  if (known) {
    TRY(connection.execute("UPDATE type_version SET source = ? WHERE name = ? AND version = ?",
                           {row.source, row.name, *known}));
    return EnsuredVersion{.version = *known, .added = false};
  }
  auto version =
      TRY(first_row(connection, "DELETE FROM removed_type_version WHERE name = ? AND sha256 = ? RETURNING version",
                    {row.name, row.sha256}, read_integer));
  if (!version) version = TRY(next_version(connection, row.name));
  TRY(connection.execute(
      "INSERT INTO type_version (name, version, sha256, files, source, created_at, created_by) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      {row.name, *version, row.sha256, row.files, row.source, column(row.created_at), row.created_by}));
  return EnsuredVersion{.version = *version, .added = true};
}

Result<void> set_current_type_version(Connection& connection, std::string_view name, std::int64_t version,
                                      base::Time now) {
  auto set = connection.execute(
      "INSERT INTO type (name, current, updated_at) VALUES (?, ?, ?) "
      "ON CONFLICT (name) DO UPDATE SET current = excluded.current, updated_at = excluded.updated_at",
      {name, version, column(now)});
  if (set) return {};
  if (set.error().kind != base::ErrorKind::conflict) return std::move(set).error();
  return base::conflict(fmt::format("the environment type {} has no version {}", name, version));
}

Result<std::optional<std::int64_t>> current_type_version(Connection& connection, std::string_view name) {
  return first_row(connection, "SELECT current FROM type WHERE name = ?", {name}, read_integer);
}

Result<std::int64_t> folder_type_version(Connection& connection, std::string_view name) {
  const auto version =
      TRY(first_row(connection, "SELECT folder_version FROM type WHERE name = ?", {name}, read_integer));
  return version.value_or(0);
}

Result<void> set_folder_type_version(Connection& connection, std::string_view name, std::int64_t version) {
  TRY(connection.execute("UPDATE type SET folder_version = ? WHERE name = ?", {version, name}));
  return {};
}

Result<void> remove_type_version(Connection& connection, std::string_view name, std::int64_t version, base::Time now) {
  TRY(
      connection.execute("INSERT INTO removed_type_version (name, version, sha256, removed_at) "
                         "SELECT name, version, sha256, ? FROM type_version WHERE name = ? AND version = ?",
                         {column(now), name, version}));
  TRY(connection.execute("DELETE FROM type_version WHERE name = ? AND version = ?", {name, version}));
  return {};
}

Result<void> forget_type(Connection& connection, std::string_view name) {
  TRY(connection.execute("DELETE FROM type WHERE name = ?", {name}));
  return {};
}

Result<bool> has_type_version(Connection& connection, std::string_view name, std::int64_t version) {
  const auto found = TRY(first_row(connection, "SELECT version FROM type_version WHERE name = ? AND version = ?",
                                   {name, version}, read_integer));
  return found.has_value();
}

Result<std::optional<std::int64_t>> type_version_before(Connection& connection, std::string_view name,
                                                        std::int64_t version) {
  return first_row(connection,
                   "SELECT version FROM type_version WHERE name = ? AND version < ? ORDER BY version DESC LIMIT 1",
                   {name, version}, read_integer);
}

Result<std::optional<TypeVersionRow>> find_type_version(Connection& connection, std::string_view name,
                                                        std::int64_t version) {
  static const std::string sql = "SELECT " + kColumns + " FROM type_version v WHERE v.name = ? AND v.version = ?";
  return first_row(connection, sql, {name, version}, read_version);
}

Result<std::vector<TypeVersionRow>> list_type_versions(Connection& connection, std::string_view name) {
  return all_rows(connection,
                  "SELECT name, version, sha256, '', source, created_at, created_by FROM type_version WHERE name = ? "
                  "ORDER BY version DESC",
                  {name}, read_version);
}

Result<std::vector<TypeVersionRow>> list_current_types(Connection& connection) {
  static const std::string sql = "SELECT " + kColumns +
                                 " FROM type t JOIN type_version v ON v.name = t.name AND v.version = t.current "
                                 "ORDER BY v.name";
  return all_rows(connection, sql, {}, read_version);
}

Result<std::vector<TypeVersionRow>> list_types_in_use(Connection& connection) {
  static const std::string sql =
      "SELECT DISTINCT " + kColumns +
      " FROM environment e JOIN type_version v ON v.name = e.type AND v.version = e.type_version "
      "WHERE e.status <> 'terminated'";
  return all_rows(connection, sql, {}, read_version);
}

Result<std::vector<UsedVersion>> list_versions_in_use(Connection& connection) {
  return all_rows(connection,
                  "SELECT DISTINCT type, type_version FROM environment WHERE status <> 'terminated' "
                  "ORDER BY type, type_version",
                  {}, read_used);
}

}  // namespace slipway::storage
