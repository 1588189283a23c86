#include "storage/installation.h"

#include "storage/columns.h"

namespace slipway::storage {

base::Result<std::string> installation_id(Connection& connection) {
  const auto id = TRY(
      first_row<std::string>(connection, "SELECT id FROM installation", {}, [](Columns row) { return row.text(); }));
  if (!id) return base::internal("the database has no installation id: restore a backup");
  return *id;
}

base::Result<std::int64_t> next_event_epoch(Connection& connection) {
  TRY(connection.execute("UPDATE installation SET event_epoch = event_epoch + 1", {}));
  const auto epoch = TRY(first_row<std::int64_t>(connection, "SELECT event_epoch FROM installation", {},
                                                 [](Columns row) { return row.integer(); }));
  return epoch.value_or(0);
}

}  // namespace slipway::storage
