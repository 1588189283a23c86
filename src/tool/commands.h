#pragma once
// The commands that work offline on our own libraries: doctor, backup, restore. Used by main.cc.

#include "cli/command.h"
#include "cli/context.h"

namespace slipway::tool {

void add_commands(cli::Command& root, const cli::Context& context);

void add_backup(cli::Command& root, const cli::Context& context);
void add_doctor(cli::Command& root, const cli::Context& context);
void add_restore(cli::Command& root, const cli::Context& context);

}  // namespace slipway::tool
