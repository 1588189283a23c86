#include <fmt/format.h>

#include <boost/json/value.hpp>
#include <memory>

#include "cli/cluster.h"

namespace slipway::cli {

namespace {

struct Options {
  Settings settings;
  std::string name;
  bool force = false;
};

base::Result<ExitCode> delete_instances(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  Call call{.method = "DELETE", .path = cluster_path(options.name, "/instances")};
  if (options.force) call.query.emplace_back("force", "true");
  TRY(client.call(call));
  auto line = fmt::format(
      "{}: its compute instances, if there are any, are being ended; static nodes come back unless the fleet is "
      "stopped.\n",
      options.name);
  context.show({.data = boost::json::object(), .table = std::move(line), .names = {}}, options.settings);
  return ExitCode::ok;
}

}  // namespace

void add_cluster_delete_instances(Command& group, const Context& context) {
  auto options = std::make_shared<Options>();
  auto command = group.add("delete-instances", "End a cluster's compute instances at once");
  add_cluster_argument(command, options->name);
  command.flag("--force", options->force, "Also where the cluster no longer exists");
  add_settings(command, options->settings);
  command.run([&context, options] { return delete_instances(context, *options); });
}

}  // namespace slipway::cli
