#pragma once
// `slipway leftovers`, over the operator API.

#include "cli/command.h"
#include "cli/context.h"

namespace slipway::cli {

void add_leftovers(Command& root, const Context& context);

}  // namespace slipway::cli
