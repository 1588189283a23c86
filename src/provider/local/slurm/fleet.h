#pragma once
// What to order from Slurm so that a cluster's compute nodes become what is wanted. Pure and level-triggered: asked
// again after each change until nothing is left to do; it remembers nothing, so a broker killed in between goes on.

#include <set>
#include <string>
#include <vector>

#include "broker/environment.h"
#include "provider/local/slurm/client.h"
#include "provider/local/slurm/cluster.h"

namespace slipway::provider::local::slurm {

struct FleetOrders {
  std::vector<std::string> deactivate;        // partitions, before anything else
  std::vector<std::string> power_down_force;  // nodes; their jobs are requeued
  std::vector<std::string> power_down;        // nodes that Slurm gave up: makes them usable again
  std::vector<std::string> power_up;
  std::vector<std::string> activate;  // partitions, after everything else
  bool settled = true;                // everything is as wanted: look again later
};

// `marked`: nodes that are to run. A stopped fleet refuses jobs and has no node; a running one accepts them once its
// static nodes have registered.
FleetOrders fleet_orders(const Cluster& cluster, broker::Fleet wanted, const ClusterView& view,
                         const std::set<std::string>& marked);

}  // namespace slipway::provider::local::slurm
