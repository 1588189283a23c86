#pragma once
// The daemons of a cluster: which program each is, and whether it answers. Used by the actions and the keeper.

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "provider/local/machine.h"
#include "provider/local/slurm/cluster.h"
#include "provider/local/slurm/paths.h"

namespace slipway::provider::local::slurm {

// Errors: unavailable with code ProgramMissing, naming the program and its Debian package. Blocks a little.
base::Result<void> check_programs(const LocalSettings& settings);

// `daemon`: munged, slurmctld or a node's name.
process::Spec daemon_spec(const LocalSettings& settings, const Paths& paths, std::string_view daemon);
// The environment of the daemons, and of Slurm's commands.
std::map<std::string, std::string> daemon_environment(const Paths& paths);

// Starts the daemon (`controller`: where slurmctld listens), or adopts the one that runs. munged and slurmctld answer
// when it returns; for a slurmd, slurmctld has to be asked. Idempotent. Errors: ProgramMissing, DaemonDied, PortTaken,
// DiskFull, NoAnswer (after `patience`), with the last lines of its log as evidence.
net::Task<process::Status> start_daemon(const Machine& machine, Paths paths, Endpoint controller, std::string daemon,
                                        std::chrono::milliseconds patience);

// Ends what runs in the processes' folders `names`, all at once, with every descendant. Returns when none is left.
net::Task<void> stop_daemons(const Machine& machine, Paths paths, std::vector<std::string> names);

// Why a daemon that should run does not: code DaemonDied, PortTaken or DiskFull, its exit code and last log lines.
base::Error died(const Machine& machine, const Paths& paths, std::string_view daemon, const process::Status& status);

// The last lines of the daemon's log that say something, oldest first, at most `count`: what Slurm writes at every
// start is left out. Reads the end of the file only.
std::vector<std::string> last_lines(const Paths& paths, std::string_view daemon, const Account& account,
                                    std::size_t count = 10);
// True where the line is one that Slurm writes though all is well.
bool is_noise(std::string_view line);

}  // namespace slipway::provider::local::slurm
