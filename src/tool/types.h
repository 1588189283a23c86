#pragma once
// The commands of the group `types` that read folders, as the broker itself reads them. Used by commands.cc alone.

#include "broker/type_files.h"
#include "cli/command.h"
#include "cli/context.h"

namespace slipway::tool {

// The files of the folder of a type, by any path to it, also "."; read as the broker's watch reads them. Errors:
// not_found; invalid, as broker::read_type_folder.
base::Result<broker::TypeFiles> folder_files(const std::string& folder);

void add_types_new(cli::Command& group, const cli::Context& context);
void add_types_push(cli::Command& group, const cli::Context& context);
void add_types_lint(cli::Command& group, const cli::Context& context);
void add_types_schema(cli::Command& group, const cli::Context& context);
void add_types_show(cli::Command& group, const cli::Context& context);
void add_types_diff(cli::Command& group, const cli::Context& context);

}  // namespace slipway::tool
