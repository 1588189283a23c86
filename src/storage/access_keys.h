#pragma once
// Rows of `access_key` (migrations/0002_access_keys.sql): who may sign requests. Used by auth, which alone can read the
// sealed secrets.

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "storage/database.h"

namespace slipway::storage {

struct AccessKeyRow {
  std::string id;             // AKIA...
  std::string name;           // whose it is; several keys may have one name, so that a new one can replace an old one
  std::string sealed_secret;  // hex
  base::Time created_at{};
  std::string rights = "administrator";  // auth's word
};

// Errors: conflict where the id exists.
base::Result<void> insert_access_key(Connection& connection, const AccessKeyRow& row);

// Errors: not_found.
base::Result<void> remove_access_key(Connection& connection, std::string_view id);

// Oldest first.
base::Result<std::vector<AccessKeyRow>> all_access_keys(Connection& connection);

}  // namespace slipway::storage
