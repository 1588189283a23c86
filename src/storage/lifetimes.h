#pragma once
// How long environments live: the columns of `environment` that the broker's watch over ends and idleness changes,
// beside and without the version of the row, so that no change of an environment collides with it. Used by the broker.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "storage/database.h"

namespace slipway::storage {

// Sets when the environment ends, or that it does not; a warning that was given is forgotten. Idempotent.
base::Result<void> set_expiry(Connection& connection, const base::EnvironmentId& id, std::optional<base::Time> at);

// Notes that the warning of this very end was given. False where it was before, or the end is another one by now.
base::Result<bool> set_warned(Connection& connection, const base::EnvironmentId& id, base::Time expires_at,
                              base::Time now);

base::Result<void> set_last_active(Connection& connection, const base::EnvironmentId& id, base::Time at);

// Environments that are not terminated and end before `until`, the next one first.
base::Result<std::vector<base::EnvironmentId>> ending_environments(Connection& connection, base::Time until);

// Those of a type that have this status, in the order they were made.
base::Result<std::vector<base::EnvironmentId>> environments_with_status(Connection& connection, std::string_view type,
                                                                        std::string_view status);

}  // namespace slipway::storage
