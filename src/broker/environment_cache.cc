#include "broker/environment_cache.h"

namespace slipway::broker {

EnvironmentPtr EnvironmentCache::find(const base::EnvironmentId& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

EnvironmentPtr EnvironmentCache::find(std::string_view type, std::string_view region, std::string_view name) const {
  const auto found = by_name_.find(std::tuple(type, region, name));
  return found == by_name_.end() ? nullptr : found->second;
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
