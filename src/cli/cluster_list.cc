#include <boost/json/value.hpp>
#include <memory>

#include "cli/cluster.h"
#include "cli/table.h"

namespace slipway::cli {

namespace {

struct Options {
  Settings settings;
  std::vector<std::string> statuses;
};

base::Result<ExitCode> list(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  Call call{.method = "GET", .path = "/v3/clusters"};
  for (const auto& status : options.statuses) call.query.emplace_back("clusterStatus", status);
  auto clusters = TRY(client.all_pages(call, "clusters"));
  Table table({"NAME", "STATUS", "SCHEDULER", "REGION", "VERSION"});
  View view;
  for (const auto& cluster : clusters) {
    table.add({text_at(cluster, "/clusterName"), text_at(cluster, "/clusterStatus"),
               text_at(cluster, "/scheduler/type"), text_at(cluster, "/region"), text_at(cluster, "/version")});
    view.names.push_back(text_at(cluster, "/clusterName"));
  }
  view.table = table.text();
  view.data = boost::json::object{{"clusters", std::move(clusters)}};
  context.show(view, options.settings);
  return ExitCode::ok;
}

}  // namespace

void add_cluster_list(Command& group, const Context& context) {
  auto options = std::make_shared<Options>();
  auto command = group.add("list", "List the clusters");
  command.option("--status", options->statuses, "Only clusters of these states, such as CREATE_COMPLETE",
                 {.placeholder = "STATUS", .variable = "-"});
  add_settings(command, options->settings);
  command.run([&context, options] { return list(context, *options); });
}

}  // namespace slipway::cli
