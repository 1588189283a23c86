#include "provider/local/programs/programs.h"

#include "provider/local/programs/actions.h"
#include "provider/local/programs/program.h"

namespace slipway::provider::local::programs {

void Programs::add_actions(workflow::ActionRegistry& registry) {
  programs::add_actions(registry, machine_, virtual_environments_);
}

std::vector<broker::Instance> Programs::instances(const broker::Environment& environment) const {
  return programs::instances(machine_, environment);
}

}  // namespace slipway::provider::local::programs
