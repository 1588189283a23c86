#pragma once
// Ending what belongs to a folder, whoever started it. Runs in a supervisor process that has become the environments'
// account, so that the kernel keeps it from any other account's processes. Blocks.

#include <filesystem>
#include <optional>

#include "base/result.h"
#include "process/proc.h"

namespace slipway::process {

// True where `text` names `folder` or something below it: /a/b in "--config=/a/b/c" but not in "/a/bc" or "/x/a/b".
bool names_folder(std::string_view text, std::string_view folder);

// Ends every process of this account that has `folder` or something below it as working directory, in its command line
// or in its environment (OLDPWD aside), and `program` wherever it is. A supervisor is asked to end all that it guards.
// Never ends this process, its ancestors, or this program in another role than a supervisor's unless it
// bears a supervisor's mark. Gives how many it ended.
// Errors: unavailable where some are still there after a while, with their pids.
base::Result<int> sweep_folder(const std::filesystem::path& folder, const std::optional<Identity>& program);

}  // namespace slipway::process
