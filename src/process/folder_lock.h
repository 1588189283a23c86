#pragma once
// FOLDER/lock: a supervisor holds it while it lives, so that a second one finds it and leaves. The kernel frees it at
// the holder's end, however that comes. Used by the supervisor (FolderLock) and, looking only, by the broker
// (lock_holder).
//
// Two ranges of POSIX record locks: `life`, and `start`, which whoever prepares a start holds so that a second starter
// waits for the outcome. Record locks, as those of flock(2) can be looked at only by taking them, which would make a
// starter at that moment believe that somebody runs, and do not tell who holds them. They are not inherited by
// children.

#include <optional>

#include "base/result.h"
#include "process/fd.h"

namespace slipway::process {

class FolderLock {
 public:
  // Opens, or makes, the lock file in `directory`; holds nothing yet. Errors: invalid where something else has its
  // name.
  static base::Result<FolderLock> open(const Fd& directory);
  // Removes what has the lock's name and is none.
  static void remove(const Fd& directory);

  // Blocks while another supervisor prepares a start here.
  base::Result<void> begin_start();
  // From here on another starter may look.
  void end_start();
  // False where a supervisor lives here.
  base::Result<bool> try_hold();
  // Blocks until the supervisor that lives here has ended, then as try_hold().
  base::Result<void> hold();

 private:
  explicit FolderLock(Fd file) : file_(std::move(file)) {}
  Fd file_;
};

// The supervisor that lives in `directory`; none: nobody, or nobody that the lock can tell of, as a job put something
// else in its place.
base::Result<std::optional<pid_t>> lock_holder(const Fd& directory);

}  // namespace slipway::process
