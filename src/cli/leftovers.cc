#include "cli/leftovers.h"

#include <boost/json/value.hpp>
#include <memory>

#include "cli/output.h"
#include "cli/table.h"

namespace slipway::cli {

namespace {

struct Options {
  Settings settings;
  bool reap = false;
};

base::Result<ExitCode> leftovers(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  auto answer = options.reap ? TRY(client.call({.method = "POST", .path = "/slipway/v1/leftovers/reap"}))
                             : TRY(client.call({.method = "GET", .path = "/slipway/v1/leftovers"}));
  Table table({"ENVIRONMENT", "KIND", "RESOURCE", "REGION", "SINCE"});
  View view;
  for (const auto& leftover : items_at(answer, "/leftovers")) {
    auto locator = text_at(leftover, "/locator");
    table.add({text_at(leftover, "/environment"), text_at(leftover, "/kind"), locator, text_at(leftover, "/region"),
               readable_time(text_at(leftover, "/since"))});
    view.names.push_back(std::move(locator));
  }
  view.table = view.names.empty() ? "Nothing outlived its environment.\n" : table.text();
  view.data = std::move(answer);
  context.show(view, options.settings);
  return ExitCode::ok;
}

}  // namespace

void add_leftovers(Command& root, const Context& context) {
  auto options = std::make_shared<Options>();
  auto command = root.add("leftovers", "List what outlived its environment and could not be taken away");
  command.flag("--reap", options->reap, "Try again to take away what of it is on this machine; list what is left");
  add_settings(command, options->settings);
  command.run([&context, options] { return leftovers(context, *options); });
}

}  // namespace slipway::cli
