#include <boost/json/value.hpp>
#include <memory>

#include "cli/cluster.h"
#include "cli/table.h"

namespace slipway::cli {

namespace {

struct Options {
  Settings settings;
  std::string name;
  std::string node_type;
  std::string queue;
};

base::Result<ExitCode> instances(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  Call call{.method = "GET", .path = cluster_path(options.name, "/instances")};
  if (!options.node_type.empty()) call.query.emplace_back("nodeType", options.node_type);
  if (!options.queue.empty()) call.query.emplace_back("queueName", options.queue);
  auto found = TRY(client.all_pages(call, "instances"));
  // Of a cluster that does not exist, the API lists none.
  if (found.empty()) TRY(describe_cluster(client, options.name));
  context.show(instances_view(std::move(found)), options.settings);
  return ExitCode::ok;
}

}  // namespace

View instances_view(boost::json::array instances) {
  Table table({"INSTANCE", "ROLE", "QUEUE", "TYPE", "STATE", "ADDRESS", "LAUNCHED"});
  View view;
  for (const auto& one : instances) {
    table.add({text_at(one, "/instanceId"), text_at(one, "/nodeType"), text_at(one, "/queueName"),
               text_at(one, "/instanceType"), text_at(one, "/state"), text_at(one, "/privateIpAddress"),
               readable_time(text_at(one, "/launchTime"))});
    view.names.push_back(text_at(one, "/instanceId"));
  }
  view.table = table.text();
  view.data = boost::json::object{{"instances", std::move(instances)}};
  return view;
}

void add_cluster_instances(Command& group, const Context& context) {
  auto options = std::make_shared<Options>();
  auto command = group.add("instances", "List a cluster's head node and compute nodes");
  add_cluster_argument(command, options->name);
  command.option("--node-type", options->node_type, "Only these nodes",
                 {.choices = {"HeadNode", "ComputeNode", "LoginNode"}});
  command.option("--queue", options->queue, "Only nodes of this queue", {.placeholder = "NAME"});
  add_settings(command, options->settings);
  command.run([&context, options] { return instances(context, *options); });
}

}  // namespace slipway::cli
