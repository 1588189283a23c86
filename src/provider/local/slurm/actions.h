#pragma once
// The steps of a cluster's lifecycle documents (types/parallelcluster): what each does to this machine. Each is
// idempotent and adopts what an earlier call began; the cluster's folder is its name.
//
//   local:slurmPrepare     Configuration      folder, keys, ports, Slurm's files; outputs Directory and SlurmConf
//   local:slurmStart                          munged and slurmctld; done when they answer
//   local:slurmStartNodes                     one slurmd for each static node
//   local:slurmWaitNodes                      done when every static node accepts jobs
//   local:slurmStop                           ends every process of the cluster, jobs included
//   local:slurmRemove                         removes the folders and gives the ports back; output Removed (true)
//
// Codes of their errors: ProgramMissing, UnknownInstanceType, TooManyNodes, SchedulerNotSupported, BadName, NoNodes,
// DirectoryUnusable, DirectoryNotWritable, DirectoryTaken, DirectoryNotRemoved, DiskFull, NoFreePort, PortTaken,
// DaemonNotStarted, DaemonDied, NoAnswer, NotPrepared.

#include <functional>

#include "provider/local/machine.h"
#include "provider/local/slurm/cluster.h"
#include "provider/local/slurm/paths.h"
#include "workflow/action.h"

namespace slipway::provider::local::slurm {

class Clusters;

// The instance types of an environment: those of its own version of its type.
using InstanceTypesOf = std::function<base::Result<InstanceTypes>(const base::EnvironmentId&)>;

// `types` is asked from the first launch on. All must outlive the registry.
void add_actions(workflow::ActionRegistry& registry, const Machine& machine, InstanceTypesOf types, Clusters& clusters);

// Ends every process of a cluster and returns when none is left; nobody may be starting any.
net::Task<void> stop_cluster(const Machine& machine, Paths paths);

}  // namespace slipway::provider::local::slurm
