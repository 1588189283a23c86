#include "cli/why.h"

#include <memory>

#include "cli/cluster.h"
#include "cli/steps.h"

namespace slipway::cli {

namespace {

struct Options {
  Settings settings;
  std::string name;
};

base::Result<ExitCode> why(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  auto answer = TRY(fetch_why(client, options.name));
  auto text = describe_why(answer);
  context.show({.data = std::move(answer), .table = std::move(text), .names = {options.name}}, options.settings);
  return ExitCode::ok;
}

}  // namespace

void add_why(Command& root, const Context& context) {
  auto options = std::make_shared<Options>();
  auto command = root.add("why", "Tell how an environment came to its state, from the request to a failing command");
  command.argument("NAME", options->name,
                   "The environment's name or id, also of one that is gone; or an execution's id",
                   {.completes = Completes::environments});
  add_settings(command, options->settings);
  command.run([&context, options] { return why(context, *options); });
}

}  // namespace slipway::cli
