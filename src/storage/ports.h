#pragma once
// Rows of `port`: which TCP ports of this machine are reserved for which environment, so that two launches never choose
// the same one and a restart keeps the choice. Used by the broker for the local provider. Whether a port is free on the
// machine is not known here.

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "storage/database.h"

namespace slipway::storage {

struct PortRow {
  std::uint16_t port = 0;
  base::EnvironmentId environment_id;
  base::Time reserved_at{};
};

// Reserves all of `ports` for the environment; those it already has stay. Idempotent. Errors: conflict where one of
// them belongs to another environment, or the environment does not exist.
base::Result<void> reserve_ports(Connection& connection, const base::EnvironmentId& environment_id,
                                 const std::vector<std::uint16_t>& ports, base::Time now);

// Gives back all ports of the environment. Idempotent.
base::Result<void> release_ports(Connection& connection, const base::EnvironmentId& environment_id);

// In the order of their reservation, those of one reservation ascending.
base::Result<std::vector<std::uint16_t>> ports_of(Connection& connection, const base::EnvironmentId& environment_id);
// Ascending.
base::Result<std::vector<PortRow>> all_ports(Connection& connection);

}  // namespace slipway::storage
