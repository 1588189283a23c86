#pragma once
// Python environments of pinned packages, made on demand and shared by all environments that pin the same: one folder
// for each list of requirements, named by its hash. On the I/O thread.

#include <functional>
#include <set>
#include <string>

#include "provider/local/machine.h"

namespace slipway::provider::local::programs {

class VirtualEnvironments {
 public:
  explicit VirtualEnvironments(const Machine& machine) : machine_(machine) {}

  // The path of the interpreter of one that holds exactly what `requirements` (a requirements.txt in which every line
  // has a hash) pins. One that was made before is taken as it is; what a killed broker left half made bears no mark and
  // is made anew. One caller makes, others wait. Errors: unavailable with code ProgramMissing, PackagesUnreachable,
  // PackagesNotInstalled (with pip's last lines) or DiskFull; timed_out after `patience`.
  net::Task<std::string> make(std::string requirements, std::chrono::milliseconds patience,
                              std::function<void(std::string)> progress);

 private:
  net::Task<void> build(std::filesystem::path folder, std::string requirements, std::chrono::milliseconds patience);

  const Machine& machine_;
  std::set<std::string> building_;
};

}  // namespace slipway::provider::local::programs
