#pragma once
// Rows of `audit`: one for every call that changes something. Used by the audit middleware and the broker.
// Append-only. What it is given must be free of secrets.

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "storage/database.h"

namespace slipway::storage {

struct AuditRow {
  std::int64_t id = 0;  // order of appending; given by the store
  base::Time at{};
  std::string who;      // the caller's name and key id
  std::string surface;  // parallelcluster, operator, ...
  std::string what;     // the surface's operation, such as CreateCluster
  std::string target;   // id of the environment, or what else it was about; may be empty
  std::string before;   // JSON; empty where there was nothing before
  std::string after;    // JSON; empty where nothing is left
  std::string request_id;
  std::string correlation_id;
};

base::Result<void> insert_audit(Connection& connection, const AuditRow& row);

// Rows about `target` (empty: about anything) with id < `before_id` (0: from the newest), newest first, at most
// `limit`.
base::Result<std::vector<AuditRow>> list_audit(Connection& connection, std::string_view target, std::int64_t before_id,
                                               int limit);

}  // namespace slipway::storage
