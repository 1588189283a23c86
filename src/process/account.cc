#include "process/account.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process/fd.h"

namespace slipway::process {

namespace {

// A broker that is not root but may become other users would hand its capabilities on: changing from one ordinary user
// to another takes none away.
bool drop_capabilities() {
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  return ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 && ::syscall(SYS_capset, &header, none) == 0;
}

bool is_account(const Account& account) {
  uid_t uids[3] = {};
  gid_t gids[3] = {};
  if (::getresuid(&uids[0], &uids[1], &uids[2]) != 0 || ::getresgid(&gids[0], &gids[1], &gids[2]) != 0) return false;
  for (int i = 0; i < 3; ++i) {
    if (uids[i] != account.uid || gids[i] != account.gid) return false;
  }
  return true;
}

base::Error belongs_to(const std::filesystem::path& path, uid_t present, uid_t wanted) {
  const auto text =
      fmt::format("the folder {} belongs to uid {}; give it to uid {} or name another", path.native(), present, wanted);
  return base::from_errno(text, EPERM);
}

// Gives the folder to `account`. It was made a moment ago, here or by another start at the same time, perhaps in a
// folder that the account may write: what is handed over must be ours and empty.
base::Result<void> hand_over(const std::filesystem::path& path, const Account& account) {
  const Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info = {};
  if (!folder || ::fstat(folder.get(), &info) != 0) {
    return base::from_errno(fmt::format("cannot open the folder {}", path.native()));
  }
  if (info.st_uid == account.uid) return {};
  std::error_code unseen;
  if (info.st_uid != ::geteuid() || !std::filesystem::is_empty(path, unseen) || unseen) {
    return belongs_to(path, info.st_uid, account.uid);
  }
  if (::fchown(folder.get(), account.uid, account.gid) == 0) return {};
  return base::from_errno(fmt::format("cannot give the folder {} to the account {}", path.native(), account.name));
}

base::Result<void> check_own(const std::filesystem::path& path) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) return base::from_errno(fmt::format("cannot see {}", path.native()));
  if (!S_ISDIR(info.st_mode)) return base::conflict(fmt::format("{} is not a folder; remove it", path.native()));
  if (info.st_uid != ::geteuid()) return belongs_to(path, info.st_uid, ::geteuid());
  return {};
}

}  // namespace

base::Result<void> enter_account(const Account& account) {
  if (account.uid == 0) return base::invalid("environments must not run as root; name an ordinary account");
  if (is_account(account)) return {};
  const gid_t groups[] = {account.gid};
  if (::setgroups(1, groups) != 0 || ::setresgid(account.gid, account.gid, account.gid) != 0 ||
      ::setresuid(account.uid, account.uid, account.uid) != 0 || !drop_capabilities()) {
    return base::from_errno(fmt::format("cannot become the account {} (uid {})", account.name, account.uid));
  }
  if (!is_account(account) || ::setresuid(-1, 0, -1) == 0 || ::setresgid(-1, 0, -1) == 0) {
    return base::internal(fmt::format("becoming the account {} left a way back", account.name));
  }
  return {};
}

base::Result<void> make_folder(const std::filesystem::path& path, const std::optional<Account>& account) {
  const auto above = path.parent_path();
  if (std::error_code unseen; above != path && !std::filesystem::exists(above, unseen))
    TRY(make_folder(above, account));
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return base::from_errno(fmt::format("cannot make the folder {}", path.native()));
  }
  return account ? hand_over(path, *account) : check_own(path);
}

}  // namespace slipway::process
