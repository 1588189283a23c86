#include <boost/json/value.hpp>
#include <memory>

#include "cli/cluster.h"
#include "cli/table.h"

namespace slipway::cli {

namespace {

struct Options {
  Settings settings;
  WaitOptions wait;
  std::string name;
};

View fleet_view(boost::json::value fleet) {
  Table table({"STATUS", "CHANGED"});
  auto status = text_at(fleet, "/status");
  table.add({status, readable_time(text_at(fleet, "/lastStatusUpdatedTime"))});
  return {.data = std::move(fleet), .table = table.text(), .names = {std::move(status)}};
}

Call fleet_call(const Options& options, std::string method) {
  return {.method = std::move(method), .path = cluster_path(options.name, "/computefleet")};
}

base::Result<ExitCode> show_fleet(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  context.show(fleet_view(TRY(client.call(fleet_call(options, "GET")))), options.settings);
  return ExitCode::ok;
}

// `asked`: START_REQUESTED or STOP_REQUESTED; `wanted`: RUNNING or STOPPED.
base::Result<ExitCode> change_fleet(const Context& context, const Options& options, const std::string& asked,
                                    const std::string& wanted) {
  auto client = TRY(context.connect(options.settings));
  auto call = fleet_call(options, "PATCH");
  call.body = boost::json::object{{"status", asked}};
  auto fleet = TRY(client.call(call));
  if (options.wait.wanted(context)) {
    auto look = [&]() -> base::Result<Look> {
      fleet = TRY(client.call(fleet_call(options, "GET")));
      auto status = text_at(fleet, "/status");
      Look seen{.end = {}, .step = status};
      if (status == wanted) seen.end = ExitCode::ok;
      if (status == "PROTECTED") seen.end = ExitCode::environment_failed;
      return seen;
    };
    auto title = std::string(wanted == "RUNNING" ? "Starting" : "Stopping") + " the compute fleet of " + options.name;
    auto end = TRY(wait_for(context, title, options.wait, look));
    if (end != ExitCode::ok) return end;
  }
  context.show(fleet_view(std::move(fleet)), options.settings);
  return ExitCode::ok;
}

}  // namespace

void add_cluster_fleet(Command& group, const Context& context) {
  auto fleet = group.add("fleet", "Show, start or stop a cluster's compute nodes");
  auto declare = [&](const std::string& name, const std::string& help, bool waits, auto action) {
    auto options = std::make_shared<Options>();
    auto command = fleet.add(name, help);
    add_cluster_argument(command, options->name);
    if (waits) add_wait_options(command, options->wait);
    add_settings(command, options->settings);
    command.run([&context, options, action] { return action(context, *options); });
  };
  declare("show", "Show the fleet's state", false, show_fleet);
  declare("start", "Start the compute nodes", true, [](const Context& context, const Options& options) {
    return change_fleet(context, options, "START_REQUESTED", "RUNNING");
  });
  declare("stop", "Stop the compute nodes; running jobs end", true, [](const Context& context, const Options& options) {
    return change_fleet(context, options, "STOP_REQUESTED", "STOPPED");
  });
}

}  // namespace slipway::cli
