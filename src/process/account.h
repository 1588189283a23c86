#pragma once
// The account that environments run as: how a supervisor becomes it, and how the broker gives it a folder.

#include <filesystem>
#include <optional>

#include "base/result.h"
#include "process/supervisor.h"

namespace slipway::process {

// Changes this process's user, group and groups to `account`'s for good and gives up every capability; for a process
// with one thread. Succeeds without a change where it is that account already. Errors: forbidden where this process has
// no right to; internal where a way back would be left.
base::Result<void> enter_account(const Account& account);

// Makes `path`, and what is missing above it, 0700 and `account`'s (unset: this process's own). Idempotent. Errors:
// forbidden where it exists and belongs to somebody else.
base::Result<void> make_folder(const std::filesystem::path& path, const std::optional<Account>& account);

}  // namespace slipway::process
