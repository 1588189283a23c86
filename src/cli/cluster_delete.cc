#include <fmt/format.h>

#include <memory>
#include <ostream>

#include "cli/cluster.h"

namespace slipway::cli {

namespace {

struct Options {
  Settings settings;
  WaitOptions wait;
  std::string name;
};

base::Result<ExitCode> remove(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  auto answer = TRY(client.call({.method = "DELETE", .path = cluster_path(options.name)}));
  auto status = text_at(answer, "/cluster/clusterStatus");
  if (options.wait.wanted(context)) {
    auto look = [&] { return look_at_cluster(client, options.name, "DELETE_IN_PROGRESS", "DELETE_COMPLETE"); };
    auto end = TRY(wait_for(context, "Deleting cluster " + options.name, options.wait, look));
    if (end == ExitCode::environment_failed) {
      context.err << fmt::format("slipway: Cluster '{0}' could not be deleted. See `slipway why {0}`.\n", options.name);
    }
    if (end != ExitCode::ok) return end;
    status = "DELETE_COMPLETE";
    answer.at("cluster").as_object()["clusterStatus"] = status;
  }
  context.show(
      {.data = std::move(answer), .table = fmt::format("{}: {}\n", options.name, status), .names = {options.name}},
      options.settings);
  return ExitCode::ok;
}

}  // namespace

void add_cluster_delete(Command& group, const Context& context) {
  auto options = std::make_shared<Options>();
  auto command = group.add("delete", "Delete a cluster and everything it runs");
  add_cluster_argument(command, options->name);
  add_wait_options(command, options->wait);
  add_settings(command, options->settings);
  command.run([&context, options] { return remove(context, *options); });
}

}  // namespace slipway::cli
