// `slipway env resources`: what an environment has made, and what is gone again.
#include <boost/json/value.hpp>
#include <memory>

#include "cli/environment.h"
#include "cli/table.h"

namespace slipway::cli {

namespace {

struct Options {
  Settings settings;
  std::string name;
};

base::Result<ExitCode> resources(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  auto answer = TRY(client.call({.method = "GET", .path = env_path(options.name, "/resources")}));
  Table table({"KIND", "RESOURCE", "STATE", "RECORDED"});
  View view;
  for (const auto& resource : items_at(answer, "/resources")) {
    auto locator = text_at(resource, "/locator");
    table.add({text_at(resource, "/kind"), locator, text_at(resource, "/state"),
               readable_time(text_at(resource, "/recordedAt"))});
    view.names.push_back(std::move(locator));
  }
  view.table = view.names.empty() ? "It has made nothing that is on record.\n" : table.text();
  view.data = std::move(answer);
  context.show(view, options.settings);
  return ExitCode::ok;
}

}  // namespace

void add_env_resources(Command& group, const Context& context) {
  auto options = std::make_shared<Options>();
  auto command = group.add("resources", "List what an environment has made, also of one that is gone");
  add_env_argument(command, options->name);
  add_settings(command, options->settings);
  command.run([&context, options] { return resources(context, *options); });
}

}  // namespace slipway::cli
