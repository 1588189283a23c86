#pragma once
// What a cluster is made of, worked out from its configuration: queues, nodes, ports. Pure. Kept as JSON in the
// cluster's folder, so that a restarted broker reads what was made instead of working it out anew.

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "provider/local/slurm/network.h"

namespace slipway::provider::local::slurm {

struct InstanceType {
  int vcpus = 0;
  int memory_mib = 0;
};
using InstanceTypes = std::map<std::string, InstanceType, std::less<>>;

// Reads {"t3.micro": {"vcpus": 2, "memory_mib": 1024, ...}, ...}. Errors: invalid, naming the type.
base::Result<InstanceTypes> read_instance_types(const boost::json::object& table);

struct Node {
  std::string name{};  // ParallelCluster's: queue1-st-c5large-1 (static), queue1-dy-c5large-1 (elastic)
  std::string queue{};
  std::string instance_type{};
  bool is_static = false;
  int cpus = 0;
  int memory_mib = 0;  // what Slurm may hand out: 95 % of the type's, as ParallelCluster does
  std::uint16_t port = 0;
};

struct Endpoint {
  std::string address;
  std::uint16_t port = 0;
};

struct Cluster {
  std::string name;                 // of the environment
  std::string head_type;            // instance type of the head node
  std::vector<std::string> queues;  // partitions; the first is the default
  std::vector<Node> nodes;
  std::chrono::seconds idle_time{600};  // of an elastic node, before it is stopped
  std::uint16_t port = 0;               // slurmctld's
  Network network;

  Endpoint controller() const { return {network.address, port}; }
  std::vector<std::string> static_nodes() const;
  const Node* find(std::string_view node) const;
};

// A cluster without ports and network. `configuration`: a ParallelCluster 3 configuration with MinCount, MaxCount and
// ScaledownIdletime (minutes) filled in. Where a resource names several instance types the first decides. Errors:
// invalid with the field and a code: UnknownInstanceType, TooManyNodes, SchedulerNotSupported, BadName, NoNodes.
base::Result<Cluster> plan_cluster(std::string_view name, const boost::json::object& configuration,
                                   const InstanceTypes& types, int max_nodes);

// slurmctld's port and one for each node.
std::size_t ports_needed(const Cluster& cluster);
// `ports`: as many as are needed, in the order in which they are given out.
void assign_ports(Cluster& cluster, const std::vector<std::uint16_t>& ports);

std::string to_json(const Cluster& cluster);
base::Result<Cluster> parse_cluster(std::string_view json);

}  // namespace slipway::provider::local::slurm
