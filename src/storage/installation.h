#pragma once
// The installation's own id, made with the database and part of every effect's token: a copy of the database has the
// same tokens, another installation has others. Used by the workflow engine.

#include <cstdint>
#include <string>

#include "storage/database.h"

namespace slipway::storage {

// 32 lower-case hex digits.
base::Result<std::string> installation_id(Connection& connection);

// A number that is higher with each call: for the start of a broker. Belongs into a write.
base::Result<std::int64_t> next_event_epoch(Connection& connection);

}  // namespace slipway::storage
