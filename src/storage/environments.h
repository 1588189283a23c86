#pragma once
// Rows of `environment`: what the broker keeps of one thing launched for someone. Used by the broker, which maps them
// to its own types. Knows no status word except 'terminated', which frees the name.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "storage/database.h"

namespace slipway::storage {

struct EnvironmentRow {
  base::EnvironmentId id;  // UUIDv7 behind "env-": the order of ids is the order of creation
  std::string name;        // unique among what is not terminated, per type and region
  std::string type;
  std::string region;
  std::string owner;
  std::string status;  // the broker's words; 'terminated' is final
  bool rolled_back = false;
  bool rolling_back = false;
  std::string failure_code;  // both empty where nothing failed
  std::string failure_reason;
  std::string parameters = "{}";  // JSON object
  std::string tags = "{}";        // JSON object of texts
  std::string request_document;   // exact bytes the client sent
  std::string outputs = "{}";     // JSON object
  std::string fleet;              // what was asked of the compute nodes; the broker's words
  base::Time fleet_updated_at{};
  base::Time created_at{};
  base::Time updated_at{};
  std::string correlation_id;
  std::int64_t type_version = 0;  // of `type`, in type_version; 0: launched before types had versions
  std::string instance_id;        // all three empty where the launch told none
  std::string instance_arn;
  std::string instance_role;
  std::int64_t version = 0;  // rises by 1 with every update
  // Read, and written by the insert; afterwards lifetimes.h changes them.
  std::optional<base::Time> expires_at;
  std::optional<base::Time> warned_at;
  std::optional<base::Time> last_active_at;
};

// All of these block for one statement; call them in a transaction, or with a reader where they only read.

// Errors: conflict where the name is taken by an environment that is not terminated, or the id exists.
base::Result<void> insert_environment(Connection& connection, const EnvironmentRow& row);

// Writes every column but id, created_at and those of lifetimes.h; the stored version becomes row.version + 1. Errors:
// conflict where the stored version is not row.version (somebody else wrote: read again) or there is no such
// environment.
base::Result<void> update_environment(Connection& connection, const EnvironmentRow& row);

base::Result<std::optional<EnvironmentRow>> find_environment(Connection& connection, const base::EnvironmentId& id);

// The one that is not terminated.
base::Result<std::optional<EnvironmentRow>> find_live_environment(Connection& connection, std::string_view type,
                                                                  std::string_view region, std::string_view name);

// What a name means: those of that name that are not terminated, of any type and region, at most two; where none is,
// the newest that had it; empty where none ever had.
base::Result<std::vector<base::EnvironmentId>> environments_named(Connection& connection, std::string_view name);

// One that is not terminated, of this type, with this type_version.
base::Result<std::optional<EnvironmentRow>> find_environment_of_version(Connection& connection, std::string_view type,
                                                                        std::int64_t type_version);

// A page of what is not terminated, oldest first: at most `limit` rows whose id is greater than `after` (empty: from
// the start). The next page begins after the last row's id.
base::Result<std::vector<EnvironmentRow>> list_environments(Connection& connection, std::string_view type,
                                                            std::string_view region, const base::EnvironmentId& after,
                                                            int limit);

// Calls `visit` with every environment that is not terminated, in no particular order: for the start of the broker.
base::Result<void> each_live_environment(Connection& connection, const std::function<void(EnvironmentRow)>& visit);

}  // namespace slipway::storage
