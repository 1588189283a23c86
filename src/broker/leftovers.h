#pragma once
// What outlived its environment. On this machine it is swept when the broker starts and as soon as an environment is
// gone, so what is listed is what resisted; elsewhere a person decides. Owned by the environments service, which says
// when an environment is gone; asked by surfaces. On the I/O thread; files are looked at in the pool.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "broker/cause.h"
#include "broker/providers.h"
#include "net/runtime.h"
#include "storage/database.h"
#include "storage/resources.h"
#include "storage/sealing.h"

namespace slipway::broker {

class Leftovers {
 public:
  // All outlive it. `sealing`: of environments.
  Leftovers(net::Runtime& runtime, storage::Database& database, const base::Clock& clock,
            const storage::Sealing& sealing, const Providers& providers);

  // Begins to sweep what providers know of that belongs to none of `live`, and what is recorded for environments that
  // are gone. Once, before anything of a live environment changes.
  void start(const std::vector<base::EnvironmentId>& live);
  boost::asio::awaitable<void> stop();  // twice is harmless
  // Begins to sweep what is recorded for an environment that is gone. A document that took away what it had made has
  // said so; what is left then, it forgot or could not.
  void sweep_after(const base::EnvironmentId& id);

  // At most 1000, of one environment or of all that are gone; what is being swept at this moment is not left yet.
  net::Task<std::vector<storage::LeftoverRow>> list(std::optional<base::EnvironmentId> id = std::nullopt);
  // Tries again to take away what of them is on this machine, and gives what is left.
  net::Task<std::vector<storage::LeftoverRow>> reap(Cause cause);

 private:
  // What is recorded, whether or not it is being swept.
  net::Task<std::vector<storage::LeftoverRow>> recorded(std::optional<base::EnvironmentId> id);
  boost::asio::awaitable<void> sweep_unowned(Provider& provider, std::vector<std::string> unowned);
  boost::asio::awaitable<void> sweep_recorded(std::optional<base::EnvironmentId> id);
  boost::asio::awaitable<void> sweep_resource(storage::ResourceRow resource);
  boost::asio::awaitable<bool> may_be_swept(base::EnvironmentId id);

  net::Runtime& runtime_;
  storage::Database& database_;
  const base::Clock& clock_;
  const storage::Sealing& sealing_;
  const Providers& providers_;
  std::multiset<base::EnvironmentId> sweeping_;  // what they left
  net::TaskGroup tasks_;
};

}  // namespace slipway::broker
