#include "storage/sqlite/folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iomanip>
#include <string>
#include <utility>

namespace slipway::storage::sqlite {

using base::Error;
using base::Result;

namespace {

// The folder's own trouble, in words that say what to do.
Error cannot_use(const std::filesystem::path& file, int number) {
  const auto folder = file.parent_path().string();
  switch (number) {
    case ENOENT:
      return base::unavailable(fmt::format("the data folder {} does not exist: make it", folder));
    case EACCES:
    case EPERM:
    case EROFS:
      return base::unavailable(fmt::format(
          "the data folder {} is not writable by this account ({}): give it to this account, or choose another", folder,
          std::strerror(number)));
    case ENOSPC:
    case EDQUOT:
      return base::unavailable(
          fmt::format("the disk or quota of the data folder {} is full. Free some space there", folder), "DiskFull");
    default:
      return base::from_errno(fmt::format("opening {}", file.string()), number);
  }
}

std::string pid_in(const std::string& note) {
  std::ifstream file(note);
  std::string pid;
  file >> std::setw(20) >> pid;
  return pid;
}

Result<void> write_pid(const std::filesystem::path& file, const std::string& note) {
  const int fd = open(note.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return cannot_use(file, errno);
  const auto pid = fmt::format("{}\n", getpid());
  const int failed = write(fd, pid.data(), pid.size()) < 0 ? errno : 0;
  close(fd);
  if (failed != 0) return cannot_use(file, failed);
  return {};
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::filesystem::path& file) {
  const auto folder = file.parent_path().string();
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return cannot_use(file, errno);
  FolderLock lock(fd);
  const auto note = file.string() + ".lock";
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return base::from_errno(fmt::format("locking {}", folder));
    const auto pid = pid_in(note);
    return base::conflict(fmt::format("another broker{} uses the data folder {}: stop it, or choose another folder",
                                      pid.empty() ? "" : fmt::format(" (pid {})", pid), folder));
  }
  TRY(write_pid(file, note));
  return lock;
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) close(fd_);
}

OpenFiles::OpenFiles(std::filesystem::path file)
    : file_(std::move(file)), log_(file_.string() + "-wal"), of_file_(identity(file_)), of_log_(identity(log_)) {}

OpenFiles::Identity OpenFiles::identity(const std::filesystem::path& path) {
  struct stat facts;
  if (stat(path.c_str(), &facts) != 0) return {};
  return {.device = facts.st_dev, .number = facts.st_ino};
}

// The message goes to everybody (health), so the path is for the log alone.
Result<void> OpenFiles::check() const {
  const bool file_there = identity(file_) == of_file_;
  if (file_there && identity(log_) == of_log_) return {};
  return base::unavailable(
             fmt::format("nothing can be stored: {} was removed or replaced under the running broker. Put it back, "
                         "with the files beside it, or stop the broker and restore a backup",
                         file_there ? "the log beside the database file (slipway.db-wal)" : "the database file"),
             "DatabaseGone")
      .with_context((file_there ? log_ : file_).string());
}

std::string_view network_file_system(long type) {
  switch (static_cast<unsigned long>(type) & 0xffffffffUL) {
    case 0x6969:
      return "NFS";
    case 0x517b:
    case 0xfe534d42:
    case 0xff534d42:
      return "SMB";
    case 0x01021997:
      return "9P";
    case 0x5346414f:
    case 0x6b414653:
      return "AFS";
    case 0x00c36400:
      return "Ceph";
    case 0x0bd00bd0:
      return "Lustre";
    case 0x47504653:
      return "GPFS";
    case 0x19830326:
      return "BeeGFS";
    case 0x01161970:
      return "GFS2";
    case 0x7461636f:
      return "OCFS2";
    default:
      return {};
  }
}

Result<void> refuse_network_file_system(const std::filesystem::path& folder) {
  struct statfs facts;
  if (statfs(folder.c_str(), &facts) != 0) return cannot_use(folder / "slipway.db", errno);
  const auto name = network_file_system(static_cast<long>(facts.f_type));
  if (name.empty()) return {};
  return base::invalid(
      fmt::format("the data folder {} lies on a network file system ({}), where a database can be "
                  "damaged: choose a folder on a local disk",
                  folder.string(), name));
}

Result<bool> make_private_file(const std::filesystem::path& file) {
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST) return true;
  if (fd < 0) return cannot_use(file, errno);
  close(fd);
  return false;
}

Result<void> sync_file(const std::filesystem::path& file) {
  for (const auto& path : {file, file.parent_path()}) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return base::from_errno(fmt::format("opening {}", path.string()));
    const int failed = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    if (failed != 0) return base::from_errno(fmt::format("writing {} to the disk", path.string()), failed);
  }
  return {};
}

}  // namespace slipway::storage::sqlite
