#include <fmt/format.h>

#include <boost/json/value.hpp>
#include <memory>

#include "cli/environment.h"

namespace slipway::cli {

namespace {

struct Options {
  Settings settings;
  std::string environment;
  std::string time;
};

base::Result<ExitCode> extend(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  auto path = env_path(options.environment, "/extend");
  boost::json::object body{{"timeToLive", options.time}};
  auto answer = TRY(client.call({.method = "POST", .path = std::move(path), .body = std::move(body)}));
  const auto end = text_at(answer, "/expiresAt");
  auto line = end.empty() ? fmt::format("{} lives until somebody ends it.\n", options.environment)
                          : fmt::format("{} lives until {}.\n", options.environment, readable_time(end));
  context.show({.data = std::move(answer), .table = std::move(line), .names = {options.environment}}, options.settings);
  return ExitCode::ok;
}

}  // namespace

void add_env_extend(Command& group, const Context& context) {
  auto options = std::make_shared<Options>();
  auto command = group.add("extend", "Let an environment live longer");
  add_env_argument(command, options->environment);
  command.option("--for", options->time, "How long it lives from now on, such as 8h",
                 {.placeholder = "TIME", .required = true});
  add_settings(command, options->settings);
  command.run([&context, options] { return extend(context, *options); });
}

}  // namespace slipway::cli
