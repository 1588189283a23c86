#pragma once
// The folder that holds a database: who owns it now, and whether its file system can hold one. Used by SqliteDatabase.

#include <sys/types.h>

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace slipway::storage::sqlite {

// Held while the broker lives: an flock on the folder itself, which the kernel lets go when the process ends, however
// it ends. FILE.lock says whose it is, and may be removed.
class FolderLock {
 public:
  // Errors: conflict where another process holds it ("another broker (pid N) uses this data folder"), unavailable where
  // the folder is missing or not writable.
  static base::Result<FolderLock> take(const std::filesystem::path& file);
  FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FolderLock& operator=(FolderLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FolderLock();

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_;
};

// The database file and the log beside it as SQLite has them open: their paths may come to lead elsewhere while the
// broker runs. Changes no more once it is made, so that any thread may ask its own copy.
class OpenFiles {
 public:
  // When `file` and its log are open. Where there is no log, none may appear.
  explicit OpenFiles(std::filesystem::path file);
  const std::filesystem::path& path() const { return file_; }
  // Whether both paths still lead there. Errors: unavailable with code DatabaseGone. Two calls of the system.
  base::Result<void> check() const;

 private:
  struct Identity {
    dev_t device = 0;
    ino_t number = 0;
    bool operator==(const Identity&) const = default;
  };
  // All 0 where nothing is.
  static Identity identity(const std::filesystem::path& path);

  std::filesystem::path file_;
  std::filesystem::path log_;
  Identity of_file_;
  Identity of_log_;
};

// The name of the network file system behind statfs' `type`, such as "NFS"; empty for a local one.
std::string_view network_file_system(long type);

// Refuses (invalid) a folder on a network file system: locks and shared memory do not hold there as SQLite needs.
base::Result<void> refuse_network_file_system(const std::filesystem::path& folder);

// Makes `file`, empty and for its owner alone, if it does not exist. Gives whether it existed.
base::Result<bool> make_private_file(const std::filesystem::path& file);

// Waits until file and its folder entry are on the disk.
base::Result<void> sync_file(const std::filesystem::path& file);

}  // namespace slipway::storage::sqlite
