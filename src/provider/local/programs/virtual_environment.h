#pragma once
// Python environments of pinned packages, made on demand and shared by all environments that pin the same: one folder
// for each list of requirements, named by its hash. On the I/O thread.

#include <chrono>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "provider/local/machine.h"

namespace slipway::provider::local::programs {

class VirtualEnvironments {
 public:
  explicit VirtualEnvironments(const Machine& machine) : machine_(machine) {}

  // Of one that no environment uses any more, for so long nobody may have asked for it before it is removed.
  static constexpr std::chrono::hours kKept{30 * 24};

  // For the environment `user`: the path of the interpreter of one that holds exactly what `requirements` (a
  // requirements.txt in which every line has a hash) pins. One that was made before is taken as it is; what a killed
  // broker left half made bears no mark and is made anew. One caller makes, others wait. Errors: unavailable with code
  // ProgramMissing, PackagesUnreachable, PackagesNotInstalled (with pip's last lines) or DiskFull; timed_out after
  // `patience`.
  net::Task<std::string> make(base::EnvironmentId user, std::string requirements, std::chrono::milliseconds patience,
                              std::function<void(std::string)> progress);

  // Folders of those that none of `live` uses and that are older than kKept. Blocks a little.
  std::vector<std::string> unused(const std::vector<base::EnvironmentId>& live) const;
  // Removes one of them, unless somebody has asked for it since; false where the folder is none of a virtual
  // environment. Whoever wants it meanwhile waits, and makes it anew.
  net::Task<bool> remove(std::string folder);

 private:
  std::filesystem::path home() const { return machine_.settings.environments_dir / ".venvs"; }
  net::Task<void> build(std::filesystem::path folder, std::string requirements, std::chrono::milliseconds patience);

  const Machine& machine_;
  std::set<std::string> claimed_;  // being made or removed
};

}  // namespace slipway::provider::local::programs
