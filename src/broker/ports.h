#pragma once
// TCP ports of this machine for environments: chosen once, kept over a restart, free when chosen. Used by the local
// provider. Knows nothing of what listens there.

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "storage/database.h"

namespace slipway::broker {

struct PortRange {
  std::uint16_t first = 20000;
  std::uint16_t last = 29999;  // included
};

class Ports {
 public:
  Ports(storage::Database& database, const base::Clock& clock, PortRange range);

  // At least `count` ports that are reserved durably for the environment, in the order of their reservation: those that
  // it has, and as many more as it takes, each of which nothing listened on at that moment. Errors: unavailable with
  // code NoFreePort; conflict where there is no such environment.
  net::Task<std::vector<std::uint16_t>> reserve(base::EnvironmentId id, std::size_t count);
  // Idempotent.
  net::Task<void> release(base::EnvironmentId id);
  // In the order of their reservation; empty where it has none. Does not wait.
  base::Result<std::vector<std::uint16_t>> of(const base::EnvironmentId& id) const;

 private:
  storage::Database& database_;
  const base::Clock& clock_;
  PortRange range_;
};

}  // namespace slipway::broker
