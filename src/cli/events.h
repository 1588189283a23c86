#pragma once
// `slipway events`: what happens, as it happens.

#include "cli/command.h"
#include "cli/context.h"

namespace slipway::cli {

void add_events(Command& root, const Context& context);

}  // namespace slipway::cli
