#include "provider/local/as_account.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace slipway::provider::local {

namespace {

// The C library's functions change every thread of the process; the system calls change this one.
bool set_effective(uid_t uid, gid_t gid) {
  return ::syscall(SYS_setresgid, -1, gid, -1) == 0 && ::syscall(SYS_setresuid, -1, uid, -1) == 0;
}

bool exchange_capabilities(unsigned (&effective)[2]) {
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return false;
  for (int i = 0; i < 2; ++i) std::swap(data[i].effective, effective[i]);
  return ::syscall(SYS_capset, &header, data) == 0;
}

}  // namespace

AsAccount::AsAccount(const std::optional<process::Account>& account) : uid_(::geteuid()), gid_(::getegid()) {
  if (!account || (account->uid == uid_ && account->gid == gid_)) return;
  // First the ids, which take a capability, then none is left.
  changed_ = set_effective(account->uid, account->gid) && exchange_capabilities(effective_);
  if (changed_) return;
  const int number = errno;
  set_effective(uid_, gid_);
  throw std::system_error(number, std::generic_category(), "acting as the account " + account->name);
}

AsAccount::~AsAccount() {
  if (!changed_) return;
  if (exchange_capabilities(effective_) && set_effective(uid_, gid_)) return;
  std::fprintf(stderr, "bug: no way back from the environments' account\n");
  std::abort();
}

}  // namespace slipway::provider::local
