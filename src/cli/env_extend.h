#pragma once
// `slipway env extend`, over the operator API.

#include "cli/command.h"
#include "cli/context.h"

namespace slipway::cli {

void add_env_extend(Command& group, const Context& context);

}  // namespace slipway::cli
