#include "surface/parallelcluster/region.h"

#include <fmt/format.h>

#include "surface/parallelcluster/python.h"

namespace slipway::surface::parallelcluster {

base::Result<std::string> choose_region(const std::string* query, const std::optional<std::string>& configured,
                                        const std::string& default_region,
                                        const std::function<bool(std::string_view)>& served) {
  const bool asked = query != nullptr && !query->empty();
  const bool written = configured && !configured->empty();
  if (asked && written && *query != *configured) {
    return base::invalid("region is set in both parameter and configuration and conflicts.", "region");
  }
  const auto& region = asked ? *query : written ? *configured : default_region;
  if (region.empty()) return base::invalid("region needs to be set", "region");
  if (!served(region)) {
    return base::invalid(fmt::format("invalid or unsupported region {}", python_quoted(region)), "region");
  }
  return region;
}

}  // namespace slipway::surface::parallelcluster
