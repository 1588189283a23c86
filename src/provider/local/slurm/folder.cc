#include "provider/local/slurm/folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>

#include "process/fd.h"
#include "provider/local/as_account.h"
#include "provider/local/regular_file.h"
#include "provider/local/remove_tree.h"
#include "provider/local/slurm/files.h"

namespace slipway::provider::local::slurm {

using base::Result;
using process::Fd;

namespace {

constexpr std::size_t kKeyBytes = 128;
constexpr std::size_t kRecordLimitBytes = 4 << 20;  // of a thousand nodes with long names, several times over
constexpr std::size_t kSocketPathLimit = 107;
constexpr std::size_t kDirectoryLimit = kLongestEnvironmentsDir + 1 + kKeyDigits;
constexpr std::array kFolders = {"", "etc", "etc/node", "log", "run", "spool", "state", "power", "process"};

// Nobody else may have made it before: it is where secrets go.
Result<void> own_folder(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return write_failed(path);
  struct stat info = {};
  if (::lstat(path.c_str(), &info) != 0) return write_failed(path);
  const auto euid = ::geteuid();
  if (!S_ISDIR(info.st_mode)) return write_failed(path, ENOTDIR);
  if (info.st_uid != euid) return write_failed(path, EPERM);
  if ((info.st_mode & 07777) != 0700 && ::chmod(path.c_str(), 0700) != 0) return write_failed(path);
  return {};
}

bool holds(const fs::path& path, std::string_view bytes) {
  const auto text = read_head(path, bytes.size() + 1);
  return text && *text == bytes;
}

Result<void> make_key(const fs::path& path) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) == 0 && info.st_size == kKeyBytes) return {};
  std::array<char, kKeyBytes> key;
  if (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size())) {
    return base::from_errno("cannot make a munge key");
  }
  return replace_file(path, {key.data(), key.size()}, 0400, Durable::no);
}

Result<void> make_sockets_folder(const Paths& paths) {
  TRY(own_folder(paths.sockets));
  std::error_code unseen;
  if (fs::read_symlink(paths.owner(), unseen) == paths.directory) return {};
  ::unlink(paths.owner().c_str());
  if (::symlink(paths.directory.c_str(), paths.owner().c_str()) != 0) return write_failed(paths.owner());
  return {};
}

std::string account_name(const Account& account) {
  if (account) return account->name;
  const auto* entry = ::getpwuid(::geteuid());
  return entry ? entry->pw_name : std::to_string(::geteuid());
}

}  // namespace

Result<void> check_paths(const Paths& paths, const Cluster& cluster) {
  const auto refused = [](std::string message) {
    auto error = base::invalid(std::move(message));
    error.code = "DirectoryUnusable";
    return error;
  };
  for (const auto& path : {paths.directory, paths.sockets}) {
    if (slurm_takes(path)) continue;
    return refused(
        fmt::format("the folder {} cannot be used: Slurm's configuration takes absolute paths of letters, "
                    "digits and /.-_ only; name another with local.environments_dir or local.short_dir",
                    path.native()));
  }
  if (const auto size = paths.directory.native().size(); size > kDirectoryLimit) {
    return refused(
        fmt::format("the folder {} is {} characters too long for a socket; name a shorter one with the setting "
                    "local.environments_dir",
                    paths.directory.native(), size - kDirectoryLimit));
  }
  std::size_t longest = 0;
  for (const auto& node : cluster.nodes) longest = std::max(longest, node.name.size());
  // <sockets>/<index>/<node>_<job>.<step>
  const auto size = paths.sockets.native().size() + std::string_view("/999/_67043328.4294967291").size() + longest;
  if (size <= kSocketPathLimit) return {};
  return refused(
      fmt::format("the folder {} is {} characters too long for the sockets of the cluster's nodes; name a "
                  "shorter one with the setting local.short_dir, or shorten the names of queues and resources",
                  paths.sockets.native(), size - kSocketPathLimit));
}

Result<void> lay_out(const Paths& paths, const Cluster& cluster, const Account& account) {
  const auto name = account_name(account);
  const AsAccount as(account);
  for (const auto* folder : kFolders) TRY(own_folder(folder[0] ? paths.directory / folder : paths.directory));
  TRY(make_sockets_folder(paths));
  for (std::size_t i = 0; i < cluster.nodes.size(); ++i) TRY(own_folder(paths.sockets / std::to_string(i)));
  TRY(make_key(paths.munge_key()));
  for (const auto& [file, content] : slurm_files(cluster, paths, name)) {
    const auto path = paths.directory / file;
    if (holds(path, content.text)) continue;
    TRY(replace_file(path, content.text, content.executable ? 0700 : 0600, Durable::no));
  }
  return {};
}

Result<void> write_record(const Paths& paths, const Cluster& cluster, const Account& account) {
  const AsAccount as(account);
  TRY(replace_file(paths.record(), to_json(cluster), 0600, Durable::yes));
  for (const auto& folder : {paths.directory, paths.directory.parent_path()}) TRY(sync_folder(folder));
  return {};
}

Result<std::optional<Cluster>> read_record(const Paths& paths, const Account& account) {
  const AsAccount as(account);
  const auto text = read_head(paths.record(), kRecordLimitBytes);
  if (!text && text.error().kind == base::ErrorKind::not_found) return std::optional<Cluster>();
  if (!text) return text.error();
  return std::optional(TRY(parse_cluster(*text).with_context("reading " + paths.record().native())));
}

std::set<std::string> markers(const Paths& paths, const Account& account) {
  const AsAccount as(account);
  auto names = names_in(paths.markers());
  return {std::make_move_iterator(names.begin()), std::make_move_iterator(names.end())};
}

Result<void> add_markers(const Paths& paths, const std::vector<std::string>& nodes, const Account& account) {
  const AsAccount as(account);
  for (const auto& node : nodes) {
    const auto path = paths.markers() / node;
    if (!Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600))) return write_failed(path);
  }
  return sync_folder(paths.markers());
}

std::vector<std::string> processes(const Paths& paths, const Account& account) {
  const AsAccount as(account);
  return names_in(paths.processes());
}

Result<void> remove(const Paths& paths, const Account& account) {
  const AsAccount as(account);
  // The cluster's own folder last: as long as it is there, all_keys() finds what is left.
  for (const auto& folder : {paths.sockets, paths.directory}) TRY(remove_tree(folder));
  return {};
}

std::set<std::string> all_keys(const LocalSettings& settings, const Account& account) {
  const AsAccount as(account);
  std::set<std::string> keys;
  for (auto& name : names_in(settings.environments_dir)) {
    if (is_key(name)) keys.insert(std::move(name));
  }
  // Another broker's clusters have theirs in the same place.
  for (const auto& name : names_in(settings.short_dir)) {
    const auto key = name.starts_with("sw-") ? name.substr(3) : std::string();
    const auto paths = Paths::of_key(settings, key);
    std::error_code unseen;
    if (is_key(key) && fs::read_symlink(paths.owner(), unseen) == paths.directory) keys.insert(key);
  }
  return keys;
}

}  // namespace slipway::provider::local::slurm
