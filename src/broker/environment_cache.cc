#include "broker/environment_cache.h"

#include "broker/rows.h"

namespace slipway::broker {

EnvironmentCache::EnvironmentCache(storage::Database& database, const storage::Sealing& sealing)
    : database_(database), sealing_(sealing) {}

base::Result<EnvironmentPtr> EnvironmentCache::find(const base::EnvironmentId& id) {
  const auto copy = by_id_.find(id);
  if (copy != by_id_.end()) return copy->second;
  auto row = TRY(storage::find_environment(database_.reader(), id));
  if (!row) return EnvironmentPtr();
  return keep(std::move(*row));
}

base::Result<EnvironmentPtr> EnvironmentCache::find(std::string_view type, std::string_view region,
                                                    std::string_view name) {
  const auto copy = by_name_.find(std::tuple(type, region, name));
  if (copy != by_name_.end()) return copy->second;
  auto row = TRY(storage::find_live_environment(database_.reader(), type, region, name));
  if (!row) return EnvironmentPtr();
  return keep(std::move(*row));
}

base::Result<EnvironmentPtr> EnvironmentCache::keep(storage::EnvironmentRow row) {
  EnvironmentPtr environment = std::make_shared<const Environment>(TRY(from_row(std::move(row), sealing_)));
  put(environment);
  return environment;
}

void EnvironmentCache::put(const EnvironmentPtr& environment) {
  if (by_id_.size() >= kLimit) {
    by_id_.clear();
    by_name_.clear();
  }
  by_id_[environment->id] = environment;
  if (environment->status == Status::terminated) return;
  by_name_[{environment->type, environment->region, environment->name}] = environment;
}

void EnvironmentCache::drop(const base::EnvironmentId& id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  const auto& environment = *found->second;
  by_name_.erase({environment.type, environment.region, environment.name});
  by_id_.erase(found);
}

}  // namespace slipway::broker
