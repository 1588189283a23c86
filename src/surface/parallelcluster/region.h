#pragma once
// Which region a request means (contract, 3.3 and 4.1). Pure; used by every operation.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::surface::parallelcluster {

// The query's region, else that of the configuration document, else `default_region`; an empty one counts as absent.
// Errors: invalid where both are given and differ, where none is known, and where `served` does not know it.
base::Result<std::string> choose_region(const std::string* query, const std::optional<std::string>& configured,
                                        const std::string& default_region,
                                        const std::function<bool(std::string_view)>& served);

}  // namespace slipway::surface::parallelcluster
