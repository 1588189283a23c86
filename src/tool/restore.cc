#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <memory>
#include <ostream>

#include "cli/output.h"
#include "storage/installation.h"
#include "storage/sqlite/folder.h"
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

base::Result<void> refuse_over_data(const fs::path& folder) {
  for (const char* name : kBackedUp) {
    std::error_code failed;
    if (!fs::exists(folder / name, failed)) continue;
    return base::conflict(
        fmt::format("{} exists already: a restore replaces nothing. Name another folder with "
                    "--data-dir, or stop the broker and move this one away",
                    (folder / name).native()));
  }
  return {};
}

// The folder, private, and as root for the account that the broker becomes (server/privileges.h), where it exists.
base::Result<void> make_folder(const fs::path& folder) {
  std::error_code failed;
  if (!fs::create_directories(folder, failed) && !failed) return {};
  if (failed) return base::from_errno(fmt::format("making {}", folder.native()), failed.value());
  if (::chmod(folder.c_str(), 0700) != 0) return base::from_errno("closing " + folder.native());
  const passwd* broker = ::geteuid() == 0 ? ::getpwnam("slipway") : nullptr;
  if (!broker || ::chown(folder.c_str(), broker->pw_uid, broker->pw_gid) == 0) return {};
  return base::from_errno("giving " + folder.native() + " to slipway");
}

// As root, the broker's account owns its data folder; what we put there must be its own too.
base::Result<void> own(const fs::path& path, const struct stat& owner) {
  struct stat facts{};
  if (::lstat(path.c_str(), &facts) != 0) return base::from_errno("looking at " + path.native());
  if (::chmod(path.c_str(), S_ISDIR(facts.st_mode) ? 0700 : 0600) != 0)
    return base::from_errno("closing " + path.native());
  if (::geteuid() == 0 && ::lchown(path.c_str(), owner.st_uid, owner.st_gid) != 0) {
    return base::from_errno("giving away " + path.native());
  }
  return {};
}

base::Result<void> check_database(const fs::path& file) {
  return storage::sqlite::Readers(file).run([](storage::Connection& connection) -> base::Result<void> {
    TRY(storage::installation_id(connection));
    return {};
  });
}

base::Result<void> put_in_place(const fs::path& staging, const fs::path& folder) {
  struct stat owner{};
  if (::stat(folder.c_str(), &owner) != 0) return base::from_errno("looking at " + folder.native());
  for (const char* name : kBackedUp) {
    std::error_code failed;
    if (!fs::exists(staging / name, failed)) continue;
    TRY(own(staging / name, owner));
    for (const auto& inside : fs::directory_iterator(staging / name, failed)) TRY(own(inside.path(), owner));
    fs::rename(staging / name, folder / name, failed);
    if (failed) return base::from_errno(fmt::format("making {}", (folder / name).native()), failed.value());
  }
  return {};
}

base::Result<cli::ExitCode> restore(const cli::Context& context, const Options& options) {
  auto folder = cli::data_dir_of(options.settings);
  std::error_code failed;
  TRY(refuse_over_data(folder));
  TRY(make_folder(folder));
  {
    // Held while we work, so that no broker starts on half a folder; a new one takes the file anew.
    auto lock = TRY(storage::sqlite::FolderLock::take(folder / "slipway.db"));
    auto staging = TRY(StagingFolder::make_in(folder));
    TRY(unpack(options.file, staging.path()));
    TRY(check_database(staging.path() / "slipway.db"));
    TRY(put_in_place(staging.path(), folder));
    fs::remove(folder / "slipway.db.lock", failed);
  }
  bool has_key = fs::exists(folder / "sealing.key", failed);
  context.show({.data = boost::json::object{{"folder", folder.native()}, {"holdsKeyFile", has_key}},
                .table = fmt::format("{} is restored. Start the broker: slipway serve --data-dir {}\n", folder.native(),
                                     folder.native()),
                .names = {folder.native()}},
               options.settings);
  if (!has_key) context.err << "The backup held no key file: name yours with `slipway serve --key-file`.\n";
  return cli::ExitCode::ok;
}

}  // namespace

void add_restore(cli::Command& root, const cli::Context& context) {
  auto options = std::make_shared<Options>();
  auto command = root.add("restore", "Make a data folder from a backup; replaces nothing");
  command.argument("FILE", options->file, "Archive that `slipway backup` wrote", {.completes = cli::Completes::files});
  cli::add_local_settings(command, options->settings);
  command.footer(
      "As root, the files get the owner of the data folder. Environments that ran at the time of the backup "
      "are looked for at the broker's next start.");
  command.run([&context, options] { return restore(context, *options); });
}

}  // namespace slipway::tool
