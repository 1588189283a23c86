#pragma once
// The installation's own id, made with the database and part of every effect's token: a copy of the database has the
// same tokens, another installation has others. Used by the workflow engine.

#include <string>

#include "storage/database.h"

namespace slipway::storage {

// 32 lower-case hex digits.
base::Result<std::string> installation_id(Connection& connection);

}  // namespace slipway::storage
