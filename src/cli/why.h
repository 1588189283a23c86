#pragma once
// `slipway why NAME`.

#include "cli/command.h"
#include "cli/context.h"

namespace slipway::cli {

void add_why(Command& root, const Context& context);

}  // namespace slipway::cli
