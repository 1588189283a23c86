#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <filesystem>
#include <memory>

#include "broker/type_reader.h"
#include "cli/output.h"
#include "server/actions.h"
#include "tool/types.h"

namespace slipway::tool {

namespace fs = std::filesystem;

namespace {

struct Options {
  cli::Settings settings;
  std::string folder;
};

base::Result<cli::ExitCode> lint(const cli::Context& context, const Options& options) {
  std::error_code failed;
  const auto folder = fs::canonical(options.folder, failed);
  if (failed) return base::not_found(fmt::format("{}: {}", options.folder, failed.message()));
  const server::OfflineActions actions;
  const auto files = TRY(broker::read_type_folder(folder));
  const auto read = broker::read_type(files, actions.registry());
  cli::View view;
  boost::json::array problems;
  for (const auto& problem : read.problems) {
    view.table += fmt::format("{}/{}\n", folder.parent_path().string(), workflow::to_string(problem));
    view.names.push_back(problem.code);
    problems.push_back({{"code", problem.code},
                        {"warning", problem.warning()},
                        {"file", problem.document},
                        {"line", problem.mark.line},
                        {"column", problem.mark.column},
                        {"pointer", problem.pointer},
                        {"message", problem.message}});
  }
  view.table += read.type ? fmt::format("{} is in order.\n", files.name) : fmt::format("{} is refused.\n", files.name);
  view.data = boost::json::object{{"name", files.name},
                                  {"accepted", read.type != nullptr},
                                  {"sha256", files.sha256()},
                                  {"problems", std::move(problems)}};
  context.show(view, options.settings);
  return read.type ? cli::ExitCode::ok : cli::ExitCode::error;
}

}  // namespace

void add_types_lint(cli::Command& group, const cli::Context& context) {
  auto command = group.add("lint", "Check the folder of a type: every problem at once, with file and line");
  auto options = std::make_shared<Options>();
  command.argument("DIR", options->folder, "The type's folder", {.completes = cli::Completes::folders});
  cli::add_local_settings(command, options->settings);
  command.run([&context, options] { return lint(context, *options); });
}

}  // namespace slipway::tool
