#pragma once
// The commands that work offline on our own libraries: doctor, backup, restore, verify, types test. Used by main.cc.

#include "cli/command.h"
#include "cli/context.h"

namespace slipway::tool {

void add_commands(cli::Command& root, const cli::Context& context);

void add_backup(cli::Command& root, const cli::Context& context);
void add_doctor(cli::Command& root, const cli::Context& context);
void add_restore(cli::Command& root, const cli::Context& context);
// `types`: the group of commands about environment types.
void add_types_test(cli::Command& types, const cli::Context& context);
void add_verify(cli::Command& root, const cli::Context& context);

}  // namespace slipway::tool
