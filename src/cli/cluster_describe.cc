#include <fmt/format.h>

#include <boost/json/value.hpp>
#include <memory>

#include "cli/cluster.h"
#include "cli/table.h"

namespace slipway::cli {

namespace {

struct Options {
  Settings settings;
  std::string name;
};

base::Result<ExitCode> describe(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  context.show(cluster_view(TRY(describe_cluster(client, options.name))), options.settings);
  return ExitCode::ok;
}

}  // namespace

base::Result<boost::json::value> describe_cluster(const Client& client, const std::string& name) {
  return client.call({.method = "GET", .path = cluster_path(name)});
}

std::string failure_of(const boost::json::value& cluster) {
  const auto& failures = items_at(cluster, "/failures");
  if (failures.empty()) return "";
  const auto code = text_at(failures.front(), "/failureCode");
  return text_at(failures.front(), "/failureReason") + (code.empty() ? "" : fmt::format(" ({})", code));
}

View cluster_view(boost::json::value cluster) {
  Table table;
  auto row = [&](const std::string& label, std::string_view pointer) {
    auto text = readable_time(text_at(cluster, pointer));
    if (!text.empty()) table.add({label, std::move(text)});
  };
  row("Name", "/clusterName");
  row("Status", "/clusterStatus");
  if (auto failure = failure_of(cluster); !failure.empty()) table.add({"Failure", failure});
  row("Region", "/region");
  row("Scheduler", "/scheduler/type");
  row("Compute fleet", "/computeFleetStatus");
  row("Head node", "/headNode/instanceId");
  row("  type", "/headNode/instanceType");
  row("  state", "/headNode/state");
  row("  address", "/headNode/privateIpAddress");
  row("Created", "/creationTime");
  row("Changed", "/lastUpdatedTime");
  row("Version", "/version");
  row("Configuration", "/clusterConfiguration/url");
  for (const auto& tag : items_at(cluster, "/tags")) {
    table.add({"Tag " + text_at(tag, "/key"), text_at(tag, "/value")});
  }
  std::string name = text_at(cluster, "/clusterName");
  return {.data = std::move(cluster), .table = table.text(), .names = {std::move(name)}};
}

void add_cluster_argument(Command& command, std::string& name) {
  command.argument("NAME", name, "The cluster's name", {.completes = Completes::clusters});
}

void add_cluster_describe(Command& group, const Context& context) {
  auto options = std::make_shared<Options>();
  auto command = group.add("describe", "Show everything about one cluster");
  add_cluster_argument(command, options->name);
  add_settings(command, options->settings);
  command.run([&context, options] { return describe(context, *options); });
}

}  // namespace slipway::cli
