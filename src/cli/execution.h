#pragma once
// `slipway execution`: list runs of automation documents, show one, say to one what it waits for.

#include "cli/command.h"
#include "cli/context.h"

namespace slipway::cli {

void add_execution(Command& root, const Context& context);

}  // namespace slipway::cli
