#pragma once
// Touching files as the account that owns them. A job may have put a symbolic link anywhere in its environment's
// folder: a broker with rights over files would follow it to what only the broker may touch; the account gets no
// further than the job itself.

#include <sys/types.h>

#include <optional>

#include "process/supervisor.h"

namespace slipway::provider::local {

// While one lives, this thread, and no other, has the account's rights over files and none of the broker's, and what it
// makes belongs to the account. Without an account: no change. Not across a suspension. Throws where this process may
// not, which is a mistake of the composition root, and aborts where there is no way back.
class AsAccount {
 public:
  explicit AsAccount(const std::optional<process::Account>& account);
  ~AsAccount();
  AsAccount(const AsAccount&) = delete;
  AsAccount& operator=(const AsAccount&) = delete;

 private:
  bool changed_ = false;
  uid_t uid_ = 0;
  gid_t gid_ = 0;
  unsigned effective_[2] = {};
};

}  // namespace slipway::provider::local
