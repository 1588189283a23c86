#pragma once
// `slipway key create | list | revoke`, over the operator API.

#include "cli/command.h"
#include "cli/context.h"

namespace slipway::cli {

void add_key(Command& root, const Context& context);

}  // namespace slipway::cli
