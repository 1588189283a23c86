#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "cli/output.h"
#include "tool/archive.h"
#include "tool/commands.h"
#include "tool/database_check.h"

namespace slipway::tool {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

struct Options {
  cli::Settings settings;
  std::string data;
};

struct Source {
  fs::path database;
  fs::path key_file;
};

// A data folder, a backup's archive (unpacked into `scratch`), or a database by itself.
base::Result<Source> source_of(const fs::path& data, const fs::path& scratch) {
  std::error_code failed;
  if (fs::is_directory(data, failed)) {
    if (fs::exists(data / "slipway.db", failed)) return Source{data / "slipway.db", data / "sealing.key"};
    return base::not_found(
        fmt::format("{} holds no database that this account can see: name a data folder, a backup or "
                    "a database, and run this as the broker's account or as root",
                    data.native()));
  }
  if (!fs::is_regular_file(data, failed)) return base::not_found(fmt::format("there is no file {}", data.native()));
  const auto unpacked = scratch / "unpacked";
  fs::create_directory(unpacked, failed);
  if (unpack(data, unpacked)) return Source{unpacked / "slipway.db", unpacked / "sealing.key"};
  return Source{data, data.parent_path() / "sealing.key"};
}

cli::View view_of(const DatabaseCheck& check, const fs::path& data) {
  cli::View view;
  json::array list;
  for (const auto& broken : check.broken) {
    view.table += fmt::format("{:<10} {}: {}.\n", broken.invariant, broken.where, broken.what);
    list.push_back({{"invariant", broken.invariant}, {"where", broken.where}, {"what", broken.what}});
    if (view.names.empty() || view.names.back() != broken.invariant) view.names.push_back(broken.invariant);
  }
  const auto seen =
      fmt::format("{} executions of {} environments, schema {}", check.executions, check.environments, check.schema);
  view.table += check.broken.empty() ? fmt::format("{} is in order: {}.\n", data.native(), seen)
                                     : fmt::format("\n{} of {} does not hold.\n", check.broken.size(), data.native());
  view.data = json::object{{"broken", std::move(list)},
                           {"schema", check.schema},
                           {"executions", check.executions},
                           {"environments", check.environments}};
  return view;
}

base::Result<cli::ExitCode> verify(const cli::Context& context, const Options& options) {
  const fs::path data = options.data.empty() ? cli::data_dir_of(options.settings) : fs::path(options.data);
  const auto scratch = TRY(StagingFolder::make_in(fs::temp_directory_path()));
  const auto source = TRY(source_of(data, scratch.path()));
  const auto check = TRY(check_database(source.database, source.key_file, scratch.path()));
  context.show(view_of(check, data), options.settings);
  return check.broken.empty() ? cli::ExitCode::ok : cli::ExitCode::error;
}

}  // namespace

void add_verify(cli::Command& root, const cli::Context& context) {
  auto options = std::make_shared<Options>();
  auto command = root.add("verify", "Check that a database holds what every broker must have kept to");
  command.option("DATA", options->data, "A data folder, also beside its broker; a backup; or a database file",
                 {.completes = cli::Completes::files});
  cli::add_local_settings(command, options->settings);
  command.footer(
      "Without DATA: the data folder of this account. Exit code 1 where something does not hold; with -o name, the "
      "names of those invariants. Nothing is changed.");
  command.run([&context, options] { return verify(context, *options); });
}

}  // namespace slipway::tool
