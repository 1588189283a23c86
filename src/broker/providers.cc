#include "broker/providers.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace slipway::broker {

Provider* Providers::serving(std::string_view region) const {
  const auto found = std::ranges::find_if(all_, [&](const Provider* provider) { return provider->serves(region); });
  return found == all_.end() ? nullptr : *found;
}

base::Result<std::shared_ptr<const workflow::Plan>> Providers::document(const EnvironmentType& type,
                                                                        std::string_view region,
                                                                        std::string_view operation) const {
  const auto* provider = serving(region);
  if (provider == nullptr) {
    return base::invalid(fmt::format("No provider serves the region {}.", base::excerpt(region)), "region");
  }
  auto plan = type.document(provider->name(), operation);
  if (plan == nullptr) {
    return base::invalid(fmt::format("The type {} has no {} document for {}.", type.name, operation, provider->name()),
                         "type");
  }
  return plan;
}

}  // namespace slipway::broker
