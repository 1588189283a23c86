#pragma once
// A cluster's folders on the disk. Everything here blocks: run it in the pool, but for the two small readers, which may
// run on the I/O thread. All of it is done as the environments' account, to whom all of it belongs, and every folder is
// 0700: no other account of the machine can read it or submit a job.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "provider/local/machine.h"
#include "provider/local/slurm/cluster.h"
#include "provider/local/slurm/paths.h"

namespace slipway::provider::local::slurm {

// That the paths are short enough for sockets, and plain enough for Slurm's configuration. Errors: invalid with code
// DirectoryUnusable, naming the setting. Does not block.
base::Result<void> check_paths(const Paths& paths, const Cluster& cluster);

// Makes both folders with all that is in them, or whatever of it is missing or different: munge's key, once made,
// stays. Idempotent; what a killed broker left half made is completed. Errors: unavailable with code DiskFull;
// forbidden with code DirectoryNotWritable.
base::Result<void> lay_out(const Paths& paths, const Cluster& cluster, const Account& account);

// The cluster's record. From the return of write_record on it survives a power failure, and lay_out can make the rest.
base::Result<void> write_record(const Paths& paths, const Cluster& cluster, const Account& account);
// None: no such cluster was made, or it is gone. May run on the I/O thread.
base::Result<std::optional<Cluster>> read_record(const Paths& paths, const Account& account);

// Nodes that are to run. May run on the I/O thread.
std::set<std::string> markers(const Paths& paths, const Account& account);
// Makes markers; durable. Idempotent.
base::Result<void> add_markers(const Paths& paths, const std::vector<std::string>& nodes, const Account& account);

// Names of the processes' folders there are; empty where nothing is.
std::vector<std::string> processes(const Paths& paths, const Account& account);

// Removes both folders. What is gone already is fine.
base::Result<void> remove(const Paths& paths, const Account& account);

// Keys of all clusters that have a folder or a part of one on this machine.
std::set<std::string> all_keys(const LocalSettings& settings, const Account& account);

}  // namespace slipway::provider::local::slurm
