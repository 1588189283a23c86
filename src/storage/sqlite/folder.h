#pragma once
// The folder that holds a database: who owns it now, and whether its file system can hold one. Used by SqliteDatabase.

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace slipway::storage::sqlite {

// Held while the broker lives: an flock on FILE.lock, which the kernel lets go when the process ends, however it ends.
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

// The name of the network file system behind statfs' `type`, such as "NFS"; empty for a local one.
std::string_view network_file_system(long type);

// Refuses (invalid) a folder on a network file system: locks and shared memory do not hold there as SQLite needs.
base::Result<void> refuse_network_file_system(const std::filesystem::path& folder);

// Makes `file`, empty and for its owner alone, if it does not exist. Gives whether it existed.
base::Result<bool> make_private_file(const std::filesystem::path& file);

// Waits until file and its folder entry are on the disk.
base::Result<void> sync_file(const std::filesystem::path& file);

}  // namespace slipway::storage::sqlite
