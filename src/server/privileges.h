#pragma once
// Which accounts the broker and its environments run as. Started by an ordinary user both are that user. Started as
// root the broker becomes `slipway`, which owns the data folder, and environments run as `slipway-env`, which cannot
// read it.

#include <filesystem>
#include <optional>

#include "base/result.h"
#include "process/supervisor.h"

namespace slipway::server {

// As root: makes `data_dir` (0700, owned by slipway) and `environments_dir` (0700, owned by slipway-env), and becomes
// slipway, keeping only the capabilities that starting, ending and reading environments as another account takes
// (SETUID, SETGID, KILL, CHOWN, FOWNER, DAC_OVERRIDE). The first two pass to supervisors, which give them up.
// Gives the environments' account. As an ordinary user: gives nothing and changes nothing.
// Errors: not_found where an account is missing (tools/setup makes them), forbidden (also where `environments_dir` is a
// link, or holds what belongs to somebody else), internal.
base::Result<std::optional<process::Account>> drop_privileges(const std::filesystem::path& data_dir,
                                                              const std::filesystem::path& environments_dir);

// Home folder of the environments' account where this process is root, else nothing.
std::optional<process::Account> environments_account();

}  // namespace slipway::server
