#include "provider/local/remove_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "process/fd.h"

namespace slipway::provider::local {

namespace {

using base::Result;
using process::Fd;

base::Error not_removed(const std::filesystem::path& folder, int number) {
  auto error = base::from_errno(fmt::format("cannot remove the folder {}", folder.native()), number);
  error.code = "DirectoryNotRemoved";
  return error;
}

// Names of what is in the folder; nothing where it cannot be read.
std::optional<std::vector<std::string>> names_of(int folder) {
  const int again = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (again < 0) return std::nullopt;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(again), ::closedir);
  std::vector<std::string> names;
  errno = 0;
  while (const auto* entry = ::readdir(entries.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  if (errno != 0) return std::nullopt;
  return names;
}

// A folder's folders are moved up into `top`, where their turn comes: so nothing ever lies deeper than that, and no
// descriptor is held for a level.
class Emptying {
 public:
  explicit Emptying(int top) : top_(top) {}

  // False with errno set where something stays.
  bool run() {
    for (;;) {
      const auto names = names_of(top_);
      if (!names) return false;
      if (names->empty()) return true;
      for (const auto& name : *names) {
        if (::unlinkat(top_, name.c_str(), 0) == 0 || errno == ENOENT) continue;
        if (errno != EISDIR && errno != EPERM) return false;
        if (!remove_folder(name)) return false;
      }
    }
  }

 private:
  bool remove_folder(const std::string& name) {
    if (!open_up(top_, name)) return false;
    const Fd folder(::openat(top_, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) return false;
    const auto names = names_of(folder.get());
    if (!names) return false;
    for (const auto& inner : *names) {
      if (::unlinkat(folder.get(), inner.c_str(), 0) == 0 || errno == ENOENT) continue;
      if (errno != EISDIR && errno != EPERM) return false;
      if (!open_up(folder.get(), inner)) return false;
      if (::renameat(folder.get(), inner.c_str(), top_, free_name().c_str()) != 0) return false;
    }
    return ::unlinkat(top_, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT;
  }

  // Whoever owns a folder may give itself every right to it; without one it can be neither emptied nor moved.
  static bool open_up(int folder, const std::string& name) {
    struct stat facts{};
    if (::fstatat(folder, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) return false;
    if (!S_ISDIR(facts.st_mode) || (facts.st_mode & S_IRWXU) == S_IRWXU) return true;
    return ::fchmodat(folder, name.c_str(), (facts.st_mode & 07777) | S_IRWXU, 0) == 0;
  }

  std::string free_name() {
    for (;;) {
      auto name = fmt::format(".slipway-gone-{}", next_++);
      if (::faccessat(top_, name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0) return name;
    }
  }

  int top_;
  int next_ = 0;
};

}  // namespace

Result<void> remove_tree(const std::filesystem::path& folder) {
  struct stat facts{};
  if (::lstat(folder.c_str(), &facts) != 0) return errno == ENOENT ? Result<void>() : not_removed(folder, errno);
  if (!S_ISDIR(facts.st_mode)) {
    if (::unlink(folder.c_str()) == 0 || errno == ENOENT) return {};
    return not_removed(folder, errno);
  }
  if ((facts.st_mode & S_IRWXU) != S_IRWXU) ::chmod(folder.c_str(), (facts.st_mode & 07777) | S_IRWXU);
  const Fd top(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!top) return errno == ENOENT ? Result<void>() : not_removed(folder, errno);
  if (!Emptying(top.get()).run()) return not_removed(folder, errno);
  if (::rmdir(folder.c_str()) == 0 || errno == ENOENT) return {};
  return not_removed(folder, errno);
}

}  // namespace slipway::provider::local
