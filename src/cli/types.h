#pragma once
// `slipway types list|versions|promote|rollback|remove`: environment types of a broker.

#include "cli/command.h"
#include "cli/context.h"
#include "cli/output.h"

namespace slipway::cli {

// Into the group `types`, which has commands that read folders too (tool/types.h).
void add_types(Command& group, const Context& context);

// One type as the broker has it, at this version (0: the current one).
base::Result<View> show_type(const Context& context, const Settings& settings, const std::string& name, int version);

}  // namespace slipway::cli
