#include "storage/environments.h"

#include <fmt/format.h>

#include "storage/columns.h"

namespace slipway::storage {

using base::Result;

namespace {

const std::string kColumns =
    "id, name, type, region, owner, status, rolled_back, rolling_back, failure_code, failure_reason, parameters, tags, "
    "request_document, outputs, fleet, fleet_updated_at, created_at, updated_at, correlation_id, type_version, "
    "instance_id, instance_arn, instance_role, version, expires_at, warned_at, last_active_at";
const std::string kSelect = "SELECT " + kColumns + " FROM environment ";

EnvironmentRow read_environment(Columns columns) {
  EnvironmentRow row;
  row.id = base::EnvironmentId(columns.text());
  row.name = columns.text();
  row.type = columns.text();
  row.region = columns.text();
  row.owner = columns.text();
  row.status = columns.text();
  row.rolled_back = columns.flag();
  row.rolling_back = columns.flag();
  row.failure_code = columns.text();
  row.failure_reason = columns.text();
  row.parameters = columns.text();
  row.tags = columns.text();
  row.request_document = columns.text();
  row.outputs = columns.text();
  row.fleet = columns.text();
  row.fleet_updated_at = columns.time();
  row.created_at = columns.time();
  row.updated_at = columns.time();
  row.correlation_id = columns.text();
  row.type_version = columns.integer();
  row.instance_id = columns.text();
  row.instance_arn = columns.text();
  row.instance_role = columns.text();
  row.version = columns.integer();
  row.expires_at = columns.optional_time();
  row.warned_at = columns.optional_time();
  row.last_active_at = columns.optional_time();
  return row;
}

}  // namespace

Result<void> insert_environment(Connection& connection, const EnvironmentRow& row) {
  static const std::string sql = "INSERT INTO environment (" + kColumns +
                                 ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                                 "?, ?, ?, ?, ?, ?, ?)";
  auto inserted = connection.execute(sql, {row.id.str(),
                                           row.name,
                                           row.type,
                                           row.region,
                                           row.owner,
                                           row.status,
                                           column(row.rolled_back),
                                           column(row.rolling_back),
                                           row.failure_code,
                                           row.failure_reason,
                                           row.parameters,
                                           row.tags,
                                           row.request_document,
                                           row.outputs,
                                           row.fleet,
                                           column(row.fleet_updated_at),
                                           column(row.created_at),
                                           column(row.updated_at),
                                           row.correlation_id,
                                           row.type_version,
                                           row.instance_id,
                                           row.instance_arn,
                                           row.instance_role,
                                           row.version,
                                           column(row.expires_at),
                                           column(row.warned_at),
                                           column(row.last_active_at)});
  if (inserted) return {};
  if (inserted.error().kind != base::ErrorKind::conflict) return std::move(inserted).error();
  return base::conflict(
      fmt::format("an environment named {} of type {} exists already in region {}", row.name, row.type, row.region));
}

Result<void> update_environment(Connection& connection, const EnvironmentRow& row) {
  const auto updated = TRY(connection.execute(
      "UPDATE environment SET name = ?, type = ?, region = ?, owner = ?, status = ?, rolled_back = ?, "
      "rolling_back = ?, failure_code = ?, failure_reason = ?, parameters = ?, tags = ?, request_document = ?, "
      "outputs = ?, fleet = ?, fleet_updated_at = ?, updated_at = ?, correlation_id = ?, type_version = ?, "
      "instance_id = ?, instance_arn = ?, instance_role = ?, version = version + 1 "
      "WHERE id = ? AND version = ?",
      {row.name,
       row.type,
       row.region,
       row.owner,
       row.status,
       column(row.rolled_back),
       column(row.rolling_back),
       row.failure_code,
       row.failure_reason,
       row.parameters,
       row.tags,
       row.request_document,
       row.outputs,
       row.fleet,
       column(row.fleet_updated_at),
       column(row.updated_at),
       row.correlation_id,
       row.type_version,
       row.instance_id,
       row.instance_arn,
       row.instance_role,
       row.id.str(),
       row.version}));
  if (updated == 1) return {};
  return base::conflict(fmt::format("environment {} was changed by somebody else meanwhile: read it again", row.name));
}

Result<std::optional<EnvironmentRow>> find_environment(Connection& connection, const base::EnvironmentId& id) {
  static const std::string sql = kSelect + "WHERE id = ?";
  return first_row(connection, sql, {id.str()}, read_environment);
}

Result<std::optional<EnvironmentRow>> find_live_environment(Connection& connection, std::string_view type,
                                                            std::string_view region, std::string_view name) {
  static const std::string sql = kSelect + "WHERE type = ? AND region = ? AND name = ? AND status <> 'terminated'";
  return first_row(connection, sql, {type, region, name}, read_environment);
}

Result<std::vector<base::EnvironmentId>> environments_named(Connection& connection, std::string_view name) {
  auto living = TRY(all_rows(connection, "SELECT id FROM environment WHERE name = ? AND status <> 'terminated' LIMIT 2",
                             {name}, read_id));
  if (!living.empty()) return living;
  return all_rows(connection, "SELECT id FROM environment WHERE name = ? ORDER BY id DESC LIMIT 1", {name}, read_id);
}

Result<std::optional<EnvironmentRow>> find_environment_of_version(Connection& connection, std::string_view type,
                                                                  std::int64_t type_version) {
  static const std::string sql = kSelect + "WHERE type = ? AND type_version = ? AND status <> 'terminated' LIMIT 1";
  return first_row(connection, sql, {type, type_version}, read_environment);
}

Result<std::vector<EnvironmentRow>> list_environments(Connection& connection, std::string_view type,
                                                      std::string_view region, const base::EnvironmentId& after,
                                                      int limit) {
  static const std::string sql =
      kSelect + "WHERE type = ? AND region = ? AND status <> 'terminated' AND id > ? ORDER BY id LIMIT ?";
  return all_rows(connection, sql, {type, region, after.str(), limit}, read_environment);
}

Result<void> each_live_environment(Connection& connection, const std::function<void(EnvironmentRow)>& visit) {
  static const std::string sql = kSelect + "WHERE status <> 'terminated'";
  return connection.query(sql, {}, [&](const Row& row) { visit(read_environment(Columns(row))); });
}

}  // namespace slipway::storage
