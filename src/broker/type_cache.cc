#include "broker/type_cache.h"

#include <algorithm>

namespace slipway::broker {

TypePtr TypeCache::find(std::string_view name, int version) {
  const auto is_it = [&](const TypePtr& type) { return type->version == version && type->name == name; };
  const auto found = std::ranges::find_if(types_, is_it);
  if (found == types_.end()) return nullptr;
  std::rotate(found, found + 1, types_.end());
  return types_.back();
}

void TypeCache::put(TypePtr type) {
  drop(type->name, type->version);
  if (types_.size() == kLimit) types_.erase(types_.begin());
  types_.push_back(std::move(type));
}

void TypeCache::drop(std::string_view name, int version) {
  std::erase_if(types_, [&](const TypePtr& type) { return type->version == version && type->name == name; });
}

}  // namespace slipway::broker
