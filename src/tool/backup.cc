#include <fmt/format.h>

#include <boost/json.hpp>
#include <fstream>
#include <memory>
#include <ostream>

#include "cli/output.h"
#include "storage/sqlite/readers.h"
#include "tool/archive.h"
#include "tool/commands.h"

namespace slipway::tool {

namespace {

namespace fs = std::filesystem;

struct Options {
  cli::Settings settings;  // the data folder alone is used
  std::string file;
};

base::Result<void> copy_files(const fs::path& from, const fs::path& to) {
  for (const char* name : kBackedUp) {
    std::error_code failed;
    if (name == std::string_view("slipway.db") || !fs::exists(from / name, failed)) continue;
    fs::copy(from / name, to / name, fs::copy_options::recursive, failed);
    if (failed) return base::from_errno(fmt::format("copying {}", (from / name).native()), failed.value());
  }
  std::ofstream manifest(to / kManifest);
  manifest << boost::json::object{{"format", 1}, {"madeAt", base::iso8601(base::system_clock().now())}} << '\n';
  return manifest.flush() ? base::Result<void>() : base::from_errno("writing the manifest");
}

base::Result<cli::ExitCode> backup(const cli::Context& context, const Options& options) {
  auto folder = cli::data_dir_of(options.settings);
  fs::path file(options.file);
  std::error_code failed;
  if (!fs::exists(folder / "slipway.db", failed)) {
    return base::not_found(
        fmt::format("{} holds no database that this account can see: name the data folder with "
                    "--data-dir, and run this as the broker's account or as root",
                    folder.native()));
  }
  auto staging = TRY(StagingFolder::make_in(file.parent_path()));
  // A reading connection sees one state of the database, also while a broker writes.
  TRY(storage::sqlite::Readers(folder / "slipway.db").copy_to(staging.path() / "slipway.db"));
  TRY(copy_files(folder, staging.path()));
  TRY(pack(staging.path(), file));
  bool has_key = fs::exists(staging.path() / "sealing.key", failed);
  context.show({.data = boost::json::object{{"file", file.native()}, {"holdsKeyFile", has_key}},
                .table = fmt::format("{} holds the data of {}.\n", file.native(), folder.native()),
                .names = {file.native()}},
               options.settings);
  context.err << (has_key ? "It holds the key file and a secret access key: keep it as you would keep a password.\n"
                          : "It does not hold the key file, which is elsewhere: keep a copy of that too.\n");
  return cli::ExitCode::ok;
}

}  // namespace

void add_backup(cli::Command& root, const cli::Context& context) {
  auto options = std::make_shared<Options>();
  auto command = root.add("backup", "Write database, keys and certificate to one file, also while the broker runs");
  command.argument("FILE", options->file, "Archive to write; it must not exist", {.completes = cli::Completes::files});
  cli::add_local_settings(command, options->settings);
  command.footer("What runs in environments, their folders and the logs are not part of it.");
  command.run([&context, options] { return backup(context, *options); });
}

}  // namespace slipway::tool
