#pragma once
// One table each from the broker's words to the dialect's: stack status, cluster status, fleet status (contract, 4.2).
// Used by every answer that shows a cluster. Pure functions.

#include <string_view>

#include "broker/environment.h"
#include "broker/provider.h"

namespace slipway::surface::parallelcluster {

// CloudFormation's word for the state of the environment, such as ROLLBACK_IN_PROGRESS.
std::string_view stack_status(const broker::Environment& environment);

// The cluster's state behind a stack status; one that has no meaning for clusters passes through.
std::string_view cluster_status(std::string_view stack_status);

std::string_view to_string(broker::FleetStatus status);

// Whether the fleet's status is read at all in this stack status; else it is UNKNOWN.
bool fleet_is_readable(std::string_view stack_status);
// Whether the fleet may be started and stopped in this stack status.
bool fleet_is_changeable(std::string_view stack_status);

}  // namespace slipway::surface::parallelcluster
