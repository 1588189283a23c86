#pragma once
// The account that a cluster's files belong to, and becoming it: Slurm lets nobody else in, and a root who talks to it
// would run jobs as root.

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::cli {

struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
  std::string home;
  std::vector<gid_t> groups;
};

// Errors: not_found (no such file, no such account), forbidden (its folder may not be entered).
base::Result<Account> owner_of(const std::filesystem::path& path);

// True where this process is root and `account` is somebody else.
bool must_become(const Account& account);

// Gives up root for good: groups, gid, uid. Only async-signal-safe calls, for use between fork and exec. 0, or errno.
int become(const Account& account);

}  // namespace slipway::cli
