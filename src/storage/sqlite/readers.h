#pragma once
// Reading connections for the pool's threads, opened when they are first needed and kept. Used by SqliteDatabase.

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "storage/database.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/folder.h"

namespace slipway::storage::sqlite {

// From any thread.
class Readers {
 public:
  // Of a file that nobody else may move.
  explicit Readers(OpenFiles files) : path_(files.path()), files_(std::move(files)) {}
  // Of whatever is at `path` when it reads.
  explicit Readers(std::filesystem::path path) : path_(std::move(path)) {}
  ~Readers() { close(); }

  // Runs `work` in one reading transaction, so that all its queries see the same state. Blocks.
  base::Result<void> run(const Transaction& work);
  // Writes a consistent copy of the database to `path`, which must not exist. Blocks.
  base::Result<void> copy_to(const std::filesystem::path& path);
  // Waits for what runs and closes every connection; afterwards all calls answer unavailable. Twice is harmless.
  void close();

 private:
  // A connection lent to one call; comes back when it ends, however it ends.
  struct Lease {
    Readers& readers;
    std::unique_ptr<SqliteConnection> connection;
    ~Lease() { readers.give_back(std::move(connection)); }
  };

  base::Result<std::unique_ptr<SqliteConnection>> borrow();
  void give_back(std::unique_ptr<SqliteConnection> connection);

  const std::filesystem::path path_;
  const std::optional<OpenFiles> files_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_;
  int lent_ = 0;
  bool closed_ = false;
};

}  // namespace slipway::storage::sqlite
