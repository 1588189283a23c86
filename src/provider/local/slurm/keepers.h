#pragma once
// The keepers of all clusters that are available: one for each environment. On the I/O thread.

#include <map>
#include <memory>

#include "provider/local/slurm/keeper.h"

namespace slipway::provider::local::slurm {

class Keepers {
 public:
  explicit Keepers(const Machine& machine) : machine_(machine) {}

  // Begins to look after the environment, or takes notice of what is asked of it now.
  void tend(const broker::Environment& environment);
  // Null: nobody looks after it.
  Keeper* find(const base::EnvironmentId& id) const;
  // Returns when nobody looks after it any more and nothing is under way. Idempotent.
  boost::asio::awaitable<void> release(base::EnvironmentId id);
  boost::asio::awaitable<void> stop();

 private:
  const Machine& machine_;
  std::map<base::EnvironmentId, std::shared_ptr<Keeper>> keepers_;
};

}  // namespace slipway::provider::local::slurm
