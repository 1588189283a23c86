#pragma once
// What the `slipway cluster` commands share: the group's declarations, one a file, and the views of an answer.

#include <string>

#include "cli/command.h"
#include "cli/context.h"
#include "cli/output.h"
#include "cli/wait.h"

namespace slipway::cli {

void add_cluster_create(Command& group, const Context& context);
void add_cluster_list(Command& group, const Context& context);
void add_cluster_describe(Command& group, const Context& context);
void add_cluster_delete(Command& group, const Context& context);
void add_cluster_delete_instances(Command& group, const Context& context);
void add_cluster_exec(Command& group, const Context& context);
void add_cluster_fleet(Command& group, const Context& context);
void add_cluster_instances(Command& group, const Context& context);

// The argument that names a cluster.
void add_cluster_argument(Command& command, std::string& name);

base::Result<boost::json::value> describe_cluster(const Client& client, const std::string& name);
// Of DescribeCluster's answer.
View cluster_view(boost::json::value cluster);
// Of DescribeClusterInstances' instances.
View instances_view(boost::json::array instances);
// "reason (code)" of the first failure; empty where there is none.
std::string failure_of(const boost::json::value& cluster);

}  // namespace slipway::cli
