#pragma once
// Success bodies: an environment in the dialect's fields (contract, 2.2). Members stand in alphabetical order, as the
// reference sends them; what is absent is left out. Used by the operations. Pure functions.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/storage_ptr.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/environment.h"
#include "broker/provider.h"

namespace slipway::surface::parallelcluster {

// The release of ParallelCluster that this surface answers as.
inline constexpr std::string_view kVersion = "3.12.0";

// ClusterInfoSummary. `stack_status` stands there as given: create and delete answer with the status they begin.
boost::json::object cluster_summary(const broker::Environment& environment, std::string_view stack_status);

// What DescribeCluster shows beside the environment.
struct Described {
  std::string configuration_url;
  broker::FleetStatus fleet = broker::FleetStatus::unknown;
  std::vector<broker::Instance> instances;                         // the head node is picked from them
  std::vector<std::pair<std::string, std::string>> provider_tags;  // behind the cluster's own
};
// DescribeClusterResponseContent, made in `memory`, which outlives it. Clients poll this one: one allocation takes a
// fraction of the time of one for each of its parts.
boost::json::object cluster_description(const broker::Environment& environment, const Described& described,
                                        const boost::json::storage_ptr& memory = {});

// ClusterInstance.
boost::json::object cluster_instance(const broker::Instance& instance);
// True for the states that are listed at all: neither shutting down nor gone.
bool is_listed(const broker::Instance& instance);

}  // namespace slipway::surface::parallelcluster
