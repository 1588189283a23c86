#include "storage/ports.h"

#include <fmt/format.h>

#include "storage/columns.h"

namespace slipway::storage {

using base::Result;

namespace {

PortRow read_port(Columns columns) {
  PortRow row;
  row.port = static_cast<std::uint16_t>(columns.integer());
  row.environment_id = base::EnvironmentId(columns.text());
  row.reserved_at = columns.time();
  return row;
}

std::uint16_t read_number(Columns columns) {
  return static_cast<std::uint16_t>(columns.integer());
}

}  // namespace

Result<void> reserve_ports(Connection& connection, const base::EnvironmentId& environment_id,
                           const std::vector<std::uint16_t>& ports, base::Time now) {
  for (const auto port : ports) {
    // The update changes nothing for the owner and touches no row of another environment.
    const auto mine =
        TRY(connection.execute("INSERT INTO port (port, environment_id, reserved_at) VALUES (?, ?, ?) "
                               "ON CONFLICT (port) DO UPDATE SET reserved_at = port.reserved_at "
                               "WHERE port.environment_id = excluded.environment_id",
                               {std::int64_t{port}, environment_id.str(), column(now)}));
    if (mine == 0) return base::conflict(fmt::format("port {} is reserved for another environment", port));
  }
  return {};
}

Result<void> release_ports(Connection& connection, const base::EnvironmentId& environment_id) {
  TRY(connection.execute("DELETE FROM port WHERE environment_id = ?", {environment_id.str()}));
  return {};
}

Result<std::vector<std::uint16_t>> ports_of(Connection& connection, const base::EnvironmentId& environment_id) {
  return all_rows(connection, "SELECT port FROM port WHERE environment_id = ? ORDER BY reserved_at, port",
                  {environment_id.str()}, read_number);
}

Result<std::vector<PortRow>> all_ports(Connection& connection) {
  return all_rows(connection, "SELECT port, environment_id, reserved_at FROM port ORDER BY port", {}, read_port);
}

}  // namespace slipway::storage
