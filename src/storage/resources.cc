#include "storage/resources.h"

#include "storage/columns.h"

namespace slipway::storage {

using base::Result;

namespace {

const std::string kColumns =
    "r.environment_id, r.kind, r.locator, r.region, r.token, r.state, r.recorded_at, r.gone_at";

ResourceRow read_resource_columns(Columns& columns) {
  ResourceRow row;
  row.environment_id = base::EnvironmentId(columns.text());
  row.kind = columns.text();
  row.locator = columns.text();
  row.region = columns.text();
  row.token = columns.text();
  row.state = columns.text();
  row.recorded_at = columns.time();
  row.gone_at = columns.optional_time();
  return row;
}

ResourceRow read_resource(Columns columns) {
  return read_resource_columns(columns);
}

LeftoverRow read_leftover(Columns columns) {
  LeftoverRow row;
  row.resource = read_resource_columns(columns);
  row.since = columns.time();
  return row;
}

}  // namespace

Result<void> record_resource(Connection& connection, const ResourceRow& row) {
  TRY(connection.execute(
      "INSERT INTO resource (environment_id, kind, locator, region, token, state, recorded_at, gone_at) "
      "VALUES (?, ?, ?, ?, ?, 'intent', ?, NULL) ON CONFLICT (environment_id, kind, locator) DO UPDATE SET "
      "region = excluded.region, token = excluded.token, recorded_at = excluded.recorded_at, state = 'intent', "
      "gone_at = NULL WHERE resource.state = 'gone'",
      {row.environment_id.str(), row.kind, row.locator, row.region, row.token, column(row.recorded_at)}));
  return {};
}

Result<void> set_resource_present(Connection& connection, const base::EnvironmentId& environment_id,
                                  std::string_view kind, std::string_view locator) {
  TRY(
      connection.execute("UPDATE resource SET state = 'present', gone_at = NULL "
                         "WHERE environment_id = ? AND kind = ? AND locator = ? AND state <> 'gone'",
                         {environment_id.str(), kind, locator}));
  return {};
}

Result<void> set_resource_gone(Connection& connection, const base::EnvironmentId& environment_id, std::string_view kind,
                               std::string_view locator, base::Time now) {
  TRY(
      connection.execute("UPDATE resource SET state = 'gone', gone_at = ? "
                         "WHERE environment_id = ? AND kind = ? AND locator = ? AND state <> 'gone'",
                         {column(now), environment_id.str(), kind, locator}));
  return {};
}

Result<void> set_resources_gone(Connection& connection, const base::EnvironmentId& environment_id,
                                std::string_view kind, base::Time now) {
  TRY(
      connection.execute("UPDATE resource SET state = 'gone', gone_at = ? "
                         "WHERE environment_id = ? AND kind = ? AND state <> 'gone'",
                         {column(now), environment_id.str(), kind}));
  return {};
}

Result<std::vector<ResourceRow>> resources_of(Connection& connection, const base::EnvironmentId& environment_id) {
  static const std::string sql =
      "SELECT " + kColumns + " FROM resource r WHERE r.environment_id = ? ORDER BY r.kind, r.locator";
  return all_rows(connection, sql, {environment_id.str()}, read_resource);
}

Result<std::vector<LeftoverRow>> leftover_resources(Connection& connection,
                                                    const std::optional<base::EnvironmentId>& environment_id,
                                                    int limit) {
  static const std::string all = "SELECT " + kColumns +
                                 ", e.updated_at FROM resource r JOIN environment e ON e.id = r.environment_id "
                                 "WHERE r.state <> 'gone' AND (e.status = 'terminated' OR e.rolled_back = 1) ";
  static const std::string order = "ORDER BY r.environment_id, r.kind, r.locator LIMIT ?";
  static const std::string of_all = all + order;
  static const std::string of_one = all + "AND r.environment_id = ? " + order;
  if (!environment_id) return all_rows(connection, of_all, {limit}, read_leftover);
  return all_rows(connection, of_one, {environment_id->str(), limit}, read_leftover);
}

}  // namespace slipway::storage
