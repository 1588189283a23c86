#include "cli/account.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace slipway::cli {

base::Result<Account> owner_of(const std::filesystem::path& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) {
    if (errno == EACCES) {
      base::Error error;
      error.kind = base::ErrorKind::forbidden;
      error.message = fmt::format("This account may not enter the folder of {}.", path.native());
      return error;
    }
    if (errno == ENOENT || errno == ENOTDIR) return base::not_found(fmt::format("{} does not exist.", path.native()));
    return base::from_errno("Looking at " + path.native());
  }
  const passwd* entry = ::getpwuid(found.st_uid);
  if (!entry)
    return base::not_found(fmt::format("{} belongs to account number {}, which has no name on this machine.",
                                       path.native(), found.st_uid));
  Account account{entry->pw_uid, entry->pw_gid, entry->pw_name, entry->pw_dir, {}};
  int count = 0;
  ::getgrouplist(account.name.c_str(), account.gid, nullptr, &count);
  account.groups.resize(count);
  ::getgrouplist(account.name.c_str(), account.gid, account.groups.data(), &count);
  return account;
}

bool must_become(const Account& account) {
  return ::geteuid() == 0 && account.uid != 0;
}

int become(const Account& account) {
  if (::setgroups(account.groups.size(), account.groups.data()) != 0) return errno;
  if (::setgid(account.gid) != 0) return errno;
  if (::setuid(account.uid) != 0) return errno;
  return 0;
}

}  // namespace slipway::cli
