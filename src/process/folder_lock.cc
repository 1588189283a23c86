#include "process/folder_lock.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace slipway::process {

namespace {

constexpr char kLockName[] = "lock";
constexpr off_t kLife = 0;
constexpr off_t kStart = 1;

// errno of fcntl, 0 where it succeeded.
int lock_byte(const Fd& file, int command, short type, off_t byte) {
  struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1, .l_pid = 0};
  while (::fcntl(file.get(), command, &lock) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

// Whether what was opened, or could not be, is a file that a supervisor made: a job may have put anything in its place.
// Where opening failed, errno is still its own afterwards.
bool is_lock(const Fd& opened) {
  if (!opened) return errno != ELOOP && errno != EISDIR && errno != ENXIO && errno != EACCES;
  struct stat info = {};
  return ::fstat(opened.get(), &info) == 0 && S_ISREG(info.st_mode);
}

base::Result<void> wait_for_byte(const Fd& file, off_t byte) {
  if (const int error = lock_byte(file, F_SETLKW, F_WRLCK, byte)) {
    return base::from_errno("cannot lock the process's folder", error);
  }
  return {};
}

}  // namespace

base::Result<FolderLock> FolderLock::open(const Fd& directory) {
  Fd file(::openat(directory.get(), kLockName, O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!is_lock(file)) return base::invalid("the lock of the process's folder is no regular file");
  if (!file) return base::from_errno("cannot open the lock of the process's folder");
  return FolderLock(std::move(file));
}

void FolderLock::remove(const Fd& directory) {
  if (::unlinkat(directory.get(), kLockName, 0) != 0) ::unlinkat(directory.get(), kLockName, AT_REMOVEDIR);
}

base::Result<void> FolderLock::begin_start() {
  return wait_for_byte(file_, kStart);
}

void FolderLock::end_start() {
  lock_byte(file_, F_SETLK, F_UNLCK, kStart);
}

base::Result<bool> FolderLock::try_hold() {
  const int error = lock_byte(file_, F_SETLK, F_WRLCK, kLife);
  if (error == EAGAIN || error == EACCES) return false;
  if (error != 0) return base::from_errno("cannot lock the process's folder", error);
  return true;
}

base::Result<void> FolderLock::hold() {
  return wait_for_byte(file_, kLife);
}

base::Result<std::optional<pid_t>> lock_holder(const Fd& directory) {
  // The folder may belong to another account than the broker's: nothing in it is followed or waited for.
  const Fd file(::openat(directory.get(), kLockName, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
  if (!file && errno == ENOENT) return std::optional<pid_t>();
  if (!is_lock(file)) return std::optional<pid_t>();
  if (!file) return base::from_errno("cannot open the lock of the process's folder");
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = kLife, .l_len = 1, .l_pid = 0};
  if (::fcntl(file.get(), F_GETLK, &lock) != 0) return base::from_errno("cannot see the lock of the process's folder");
  // No pid: the lock of an open file description, which a job may take and no supervisor does.
  if (lock.l_type == F_UNLCK || lock.l_pid < 0) return std::optional<pid_t>();
  return std::optional<pid_t>(lock.l_pid);
}

}  // namespace slipway::process
