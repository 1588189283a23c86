#pragma once
// A cluster's daemons as the instances that clients see: the head node is slurmctld, a compute node its slurmd.

#include <map>
#include <string>
#include <vector>

#include "broker/provider.h"
#include "process/supervisor.h"
#include "provider/local/machine.h"
#include "provider/local/slurm/cluster.h"

namespace slipway::provider::local::slurm {

struct DaemonReport {
  process::Status status;
  std::string problem;  // empty where it is well
};
// By daemon: munged, slurmctld, nodes' names.
using DaemonReports = std::map<std::string, DaemonReport, std::less<>>;

// Head node first, then the compute nodes that run or start, in the cluster's order. Every start of a daemon is another
// instance; its id is worked out from the run, so that it survives the broker.
std::vector<broker::Instance> instances_of(const base::EnvironmentId& id, const Cluster& cluster,
                                           const DaemonReports& reports);

// The same by looking: for a cluster that nobody keeps. Empty where there is none. Reads a few small files for each
// node.
std::vector<broker::Instance> look_at_instances(const Machine& machine, const base::EnvironmentId& id);

// Stands for the head node of a cluster of which nothing can be read, so that its problem has a place. Clients that
// list instances do not see it: it is terminated.
broker::Instance lost_head(const base::EnvironmentId& id);

}  // namespace slipway::provider::local::slurm
