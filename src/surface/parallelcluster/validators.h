#pragma once
// Checks of a configuration that is well formed, each with the class name that clients suppress it by, the reference's
// level and text (contract, 5.3). Used by create_cluster.cc. The rest of the reference's validators comes with AWS.

#include <string>
#include <string_view>
#include <vector>

#include "surface/parallelcluster/configuration.h"

namespace slipway::surface::parallelcluster {

enum class Level { info, warning, error };
std::string_view to_string(Level level);  // INFO
// Of INFO, WARNING, ERROR; anything else is a bug of the request check.
Level level_from(std::string_view text);

struct ValidationMessage {
  std::string type;  // the validator's class name
  Level level = Level::error;
  std::string message;
};

// Which validators a request leaves out: `ALL`, `type:NAME`.
using Suppressed = std::vector<std::string>;

// Every result, in the reference's order; those that `suppressed` names did not run.
std::vector<ValidationMessage> validate(std::string_view cluster_name, const Configuration& configuration,
                                        const Suppressed& suppressed);

}  // namespace slipway::surface::parallelcluster
