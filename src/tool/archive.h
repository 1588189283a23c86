#pragma once
// A backup's file: a tar archive of mode 0600 with a manifest, the database and the few files beside it. Used by backup
// and restore. Blocks; runs tar.

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::tool {

// What stands in a data folder and belongs into a backup. The endpoint, the log and running environments do not.
inline constexpr const char* kBackedUp[] = {"slipway.db", "sealing.key", "credentials", "tls"};
inline constexpr const char* kManifest = "slipway-backup.json";

// A private folder for work in progress, gone with the object.
class StagingFolder {
 public:
  // Beside what is to come, so that a rename suffices. Errors: as mkdtemp.
  static base::Result<StagingFolder> make_in(const std::filesystem::path& parent);
  StagingFolder(StagingFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  StagingFolder& operator=(StagingFolder&&) = delete;
  ~StagingFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit StagingFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

// Durable: a file, or the names in a folder.
base::Result<void> sync(const std::filesystem::path& path);
// And everything below it.
base::Result<void> sync_all(const std::filesystem::path& folder);

// What of kBackedUp is in `folder`, and the manifest, into `file`, which must not exist. Durable when it returns.
base::Result<void> pack(const std::filesystem::path& folder, const std::filesystem::path& file);
// Into `folder`. Errors: invalid where it is no archive, not one of ours, or cut off.
base::Result<void> unpack(const std::filesystem::path& file, const std::filesystem::path& folder);

}  // namespace slipway::tool
