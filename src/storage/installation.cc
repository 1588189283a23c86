#include "storage/installation.h"

#include "storage/columns.h"

namespace slipway::storage {

base::Result<std::string> installation_id(Connection& connection) {
  const auto id = TRY(
      first_row<std::string>(connection, "SELECT id FROM installation", {}, [](Columns row) { return row.text(); }));
  if (!id) return base::internal("the database has no installation id: restore a backup");
  return *id;
}

}  // namespace slipway::storage
