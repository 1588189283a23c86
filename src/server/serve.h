#pragma once
// `slipway serve`: the broker in the foreground.

#include "cli/commands.h"

namespace slipway::server {

void add_serve(cli::Command& root, const cli::Context& context);

}  // namespace slipway::server
