#include "server/privileges.h"

#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "process/account.h"

namespace slipway::server {

namespace {

constexpr const char* kBroker = "slipway";
constexpr const char* kEnvironments = "slipway-env";

base::Result<process::Account> account(const char* name) {
  std::array<char, 4096> buffer;
  passwd entry{};
  passwd* found = nullptr;
  getpwnam_r(name, &entry, buffer.data(), buffer.size(), &found);
  if (!found) {
    return base::not_found(fmt::format(
        "started as root, Slipway needs the account '{}'; tools/setup makes it (or: useradd --system {})", name, name));
  }
  return process::Account{.name = name, .uid = found->pw_uid, .gid = found->pw_gid, .home = found->pw_dir};
}

base::Result<void> own_folder(const std::filesystem::path& folder, const process::Account& owner) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return base::from_errno(fmt::format("making {}", folder.string()), error.value());
  if (chown(folder.c_str(), owner.uid, owner.gid) != 0 || chmod(folder.c_str(), 0700) != 0) {
    return base::from_errno(fmt::format("giving {} to {}", folder.string(), owner.name));
  }
  return {};
}

base::Result<void> keep_capabilities() {
  // These two reach the supervisor, which is this binary again: it changes its account first thing and gives them up.
  constexpr std::array kHandedOn = {CAP_SETUID, CAP_SETGID};
  constexpr std::array kOwn = {CAP_KILL, CAP_CHOWN, CAP_FOWNER, CAP_DAC_OVERRIDE};
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  for (const int capability : kHandedOn) data[0].inheritable |= 1u << capability;
  data[0].permitted = data[0].inheritable;
  for (const int capability : kOwn) data[0].permitted |= 1u << capability;
  data[0].effective = data[0].permitted;
  if (syscall(SYS_capset, &header, data.data()) != 0) return base::from_errno("keeping capabilities");
  for (const int capability : kHandedOn) {
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) {
      return base::from_errno("handing capabilities on to supervisors");
    }
  }
  return {};
}

base::Result<void> become(const process::Account& broker) {
  if (prctl(PR_SET_KEEPCAPS, 1) != 0) return base::from_errno("keeping capabilities");
  if (initgroups(broker.name.c_str(), broker.gid) != 0 || setresgid(broker.gid, broker.gid, broker.gid) != 0 ||
      setresuid(broker.uid, broker.uid, broker.uid) != 0) {
    return base::from_errno(fmt::format("becoming {}", broker.name));
  }
  TRY(keep_capabilities());
  // After a change of uid the kernel forbids core dumps and /proc/self for the account itself; the broker needs both.
  prctl(PR_SET_DUMPABLE, 1);
  return {};
}

}  // namespace

std::optional<process::Account> environments_account() {
  if (geteuid() != 0) return std::nullopt;
  auto found = account(kEnvironments);
  if (!found) return std::nullopt;
  return std::move(found).value();
}

base::Result<std::optional<process::Account>> drop_privileges(const std::filesystem::path& data_dir,
                                                              const std::filesystem::path& environments_dir) {
  if (geteuid() != 0) return std::optional<process::Account>();
  const auto broker = TRY(account(kBroker));
  auto environments = TRY(account(kEnvironments));
  TRY(own_folder(data_dir, broker));
  // Its account may have put a link there since the last start: nothing of ours is given away through one.
  TRY(process::make_folder(environments_dir, environments));
  TRY(become(broker));
  return std::optional(std::move(environments));
}

}  // namespace slipway::server
