#pragma once
// `slipway demo`: the main job, shown.

#include "cli/command.h"
#include "cli/context.h"

namespace slipway::cli {

void add_demo(Command& root, const Context& context);

}  // namespace slipway::cli
