#pragma once
// The text of every file that Slurm reads in a cluster's folder. Pure. Every line was found necessary by running it;
// contracts/local-slurm.md tells of most.

#include <map>
#include <string>
#include <string_view>

#include "provider/local/slurm/cluster.h"
#include "provider/local/slurm/paths.h"

namespace slipway::provider::local::slurm {

// How long a node may take from its resume to its registration, before Slurm sets it down.
inline constexpr std::chrono::seconds kResumeTimeout{60};

struct TextFile {
  std::string text{};
  bool executable = false;
};

// By path relative to paths.directory: etc/common.conf, etc/slurm.conf (controller and clients), etc/node/<node>.conf
// (slurmd), etc/resume, etc/suspend, etc/prolog. `account`: the name of the account that all runs as.
std::map<std::string, TextFile> slurm_files(const Cluster& cluster, const Paths& paths, std::string_view account);

}  // namespace slipway::provider::local::slurm
