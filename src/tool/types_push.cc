#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "cli/output.h"
#include "tool/types.h"

namespace slipway::tool {

namespace {

struct Options {
  cli::Settings settings;
  std::string folder;
};

// Read as `lint` and the broker's watch read it, so that what is one version there is the same version here.
base::Result<cli::ExitCode> push(const cli::Context& context, const Options& options) {
  const auto files = TRY(folder_files(options.folder));
  const auto client = TRY(context.connect(options.settings));
  const auto path = "/slipway/v1/types/" + base::percent_encode(files.name);
  const auto before = TRY(client.send({.method = "GET", .path = path}));
  auto answer =
      TRY(client.call({.method = "PUT", .path = path, .body = boost::json::object{{"files", broker::to_json(files)}}}));
  const auto version = cli::text_at(answer, "/version");
  auto line = before.status == 200 && cli::text_at(before.body, "/version") == version
                  ? fmt::format("{}: unchanged; version {} is what launches take.\n", files.name, version)
                  : fmt::format("{}: version {} is what launches take now.\n", files.name, version);
  context.show({.data = std::move(answer), .table = std::move(line), .names = {files.name}}, options.settings);
  return cli::ExitCode::ok;
}

}  // namespace

void add_types_push(cli::Command& group, const cli::Context& context) {
  auto command = group.add("push", "Upload a folder and make it the version that launches take");
  auto options = std::make_shared<Options>();
  command.argument("DIR", options->folder, "The type's folder", {.completes = cli::Completes::folders});
  cli::add_settings(command, options->settings);
  command.run([&context, options] { return push(context, *options); });
}

}  // namespace slipway::tool
