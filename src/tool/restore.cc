#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <memory>
#include <ostream>

#include "cli/output.h"
#include "storage/installation.h"
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

base::Error replaces_nothing(const fs::path& folder) {
  return base::conflict(fmt::format(
      "{} is not empty: a restore replaces nothing. Name another folder with --data-dir, or stop the broker and move "
      "this one away",
      folder.native()));
}

struct Owner {
  uid_t uid = ::geteuid();
  gid_t gid = ::getegid();
};

// As root: whoever owns the folder already, else the account that the broker becomes (server/privileges.h).
Owner owner_of(const fs::path& folder) {
  if (::geteuid() != 0) return {};
  struct stat facts{};
  if (::stat(folder.c_str(), &facts) == 0) return {.uid = facts.st_uid, .gid = facts.st_gid};
  const passwd* broker = ::getpwnam("slipway");
  return broker ? Owner{.uid = broker->pw_uid, .gid = broker->pw_gid} : Owner{};
}

base::Result<void> own(const fs::path& path, const Owner& owner) {
  struct stat facts{};
  if (::lstat(path.c_str(), &facts) != 0) return base::from_errno("looking at " + path.native());
  if (::chmod(path.c_str(), S_ISDIR(facts.st_mode) ? 0700 : 0600) != 0)
    return base::from_errno("closing " + path.native());
  if (::lchown(path.c_str(), owner.uid, owner.gid) != 0) return base::from_errno("giving away " + path.native());
  return {};
}

base::Result<void> check_database(const fs::path& file) {
  return storage::sqlite::Readers(file).run([](storage::Connection& connection) -> base::Result<void> {
    TRY(storage::installation_id(connection));
    return {};
  });
}

// All at once, by one rename: a crash leaves either nothing or the whole folder, and where a broker started there
// meanwhile, the folder is no longer empty and the rename fails.
base::Result<void> put_in_place(const fs::path& made, const fs::path& folder) {
  TRY(sync_all(made));
  if (::rename(made.c_str(), folder.c_str()) == 0) return sync(folder.parent_path());
  if (errno == ENOTEMPTY || errno == EEXIST) return replaces_nothing(folder);
  return base::from_errno("making " + folder.native());
}

// Leaves in `made` what belongs into a data folder, private.
base::Result<void> keep_what_belongs(const fs::path& unpacked, const fs::path& made, const Owner& owner) {
  std::error_code failed;
  fs::create_directory(made, failed);
  for (const char* name : kBackedUp) {
    if (!fs::exists(unpacked / name, failed)) continue;
    fs::rename(unpacked / name, made / name, failed);
    if (failed) return base::from_errno(fmt::format("making {}", (made / name).native()), failed.value());
    TRY(own(made / name, owner));
    for (const auto& inside : fs::directory_iterator(made / name, failed)) TRY(own(inside.path(), owner));
  }
  return own(made, owner);
}

base::Result<cli::ExitCode> restore(const cli::Context& context, const Options& options) {
  std::error_code failed;
  // Where a link leads, for a rename replaces the link itself.
  auto folder = fs::weakly_canonical(fs::absolute(cli::data_dir_of(options.settings)), failed);
  if (!folder.has_filename()) folder = folder.parent_path();  // "data/"
  if (fs::exists(folder, failed) && !(fs::is_directory(folder, failed) && fs::is_empty(folder, failed)))
    return replaces_nothing(folder);
  auto owner = owner_of(folder);
  fs::create_directories(folder.parent_path(), failed);
  if (failed) return base::from_errno("making " + folder.parent_path().native(), failed.value());
  auto staging = TRY(StagingFolder::make_in(folder.parent_path()));
  auto unpacked = staging.path() / "unpacked", made = staging.path() / "made";
  fs::create_directory(unpacked, failed);
  TRY(unpack(options.file, unpacked));
  TRY(check_database(unpacked / "slipway.db"));
  TRY(keep_what_belongs(unpacked, made, owner));
  TRY(put_in_place(made, folder));
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
