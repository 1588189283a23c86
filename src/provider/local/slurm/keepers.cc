#include "provider/local/slurm/keepers.h"

namespace slipway::provider::local::slurm {

void Keepers::tend(const broker::Environment& environment) {
  auto& keeper = keepers_[environment.id];
  if (keeper) {
    keeper->want(environment.fleet);
  } else {
    keeper = std::make_shared<Keeper>(machine_, environment.id, environment.fleet);
  }
}

Keeper* Keepers::find(const base::EnvironmentId& id) const {
  const auto found = keepers_.find(id);
  return found == keepers_.end() ? nullptr : found->second.get();
}

boost::asio::awaitable<void> Keepers::release(base::EnvironmentId id) {
  const auto found = keepers_.find(id);
  if (found == keepers_.end()) co_return;
  const auto keeper = found->second;
  co_await keeper->stop();
  keepers_.erase(id);
}

boost::asio::awaitable<void> Keepers::stop() {
  while (!keepers_.empty()) {
    const auto id = keepers_.begin()->first;
    co_await release(id);
  }
}

}  // namespace slipway::provider::local::slurm
