#include <fmt/format.h>

#include <boost/json/value.hpp>
#include <memory>

#include "cli/environment.h"

namespace slipway::cli {

namespace {

struct Change {
  const char* word;
  const char* help;
  const char* method;
  const char* path;
  const char* title;
  const char* busy;
  const char* good;
};

constexpr Change kChanges[] = {
    {"terminate", "End an environment and everything it runs", "DELETE", "", "Terminating", "terminating",
     "terminated"},
    {"start", "Start an environment that is stopped", "POST", "/start", "Starting", "starting", "available"},
    {"stop", "Stop an environment and keep what it is made of", "POST", "/stop", "Stopping", "stopping", "stopped"},
};

struct Options {
  Settings settings;
  WaitOptions wait;
  std::string name;
};

base::Result<ExitCode> run(const Context& context, const Options& options, const Change& change) {
  auto client = TRY(context.connect(options.settings));
  auto answer = TRY(client.call({.method = change.method, .path = env_path(options.name, change.path)}));
  const auto id = text_at(answer, "/id");
  if (options.wait.wanted(context)) {
    return wait_for_env(context, client, options.settings, options.wait, id,
                        fmt::format("{} {}", change.title, options.name), change.busy, change.good);
  }
  auto line = fmt::format("{}: {}. Follow it with `slipway why {}`.\n", options.name, text_at(answer, "/status"), id);
  context.show({.data = std::move(answer), .table = std::move(line), .names = {options.name}}, options.settings);
  return ExitCode::ok;
}

}  // namespace

void add_env_changes(Command& group, const Context& context) {
  for (const auto& change : kChanges) {
    auto options = std::make_shared<Options>();
    auto command = group.add(change.word, change.help);
    add_env_argument(command, options->name);
    add_wait_options(command, options->wait);
    add_settings(command, options->settings);
    command.run([&context, options, &change] { return run(context, *options, change); });
  }
}

}  // namespace slipway::cli
