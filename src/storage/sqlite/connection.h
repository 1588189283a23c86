#pragma once
// One SQLite connection behind the storage seam, with its cache of prepared statements. Used by the files beside this.
// Never used by two threads at once. Knows no table.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "storage/database.h"

struct sqlite3;
struct sqlite3_stmt;

namespace slipway::storage::sqlite {

class SqliteConnection final : public Connection {
 public:
  enum class Mode {
    writer,  // makes the file if it is missing; checkpoints only when asked
    reader,  // refuses every change
  };
  // Errors: unavailable (no permission, disk full, not a database) with the file's name and what to do.
  static base::Result<std::unique_ptr<SqliteConnection>> open(const std::filesystem::path& file, Mode mode);
  ~SqliteConnection() override;

  base::Result<std::int64_t> execute(std::string_view sql, std::initializer_list<Value> values) override;
  base::Result<void> query(std::string_view sql, std::initializer_list<Value> values,
                           const std::function<void(const Row&)>& visit) override;

  // Runs several statements without values: settings and migrations.
  base::Result<void> run_script(const std::string& sql);
  // False once SQLite has rolled a transaction back by itself, as it does when the disk is full.
  bool in_transaction() const;
  // Copies what it can of the WAL into the database file without waiting for readers.
  base::Result<void> checkpoint();
  // Pages in the WAL after the last commit of this connection.
  int wal_pages() const { return wal_pages_; }
  // Set after a failure that leaves open what is on the disk: nothing after it may be trusted, so the process must end
  // (see fatal_disk_failure).
  const std::optional<base::Error>& doubt() const { return doubt_; }
  // Afterwards every call answers unavailable. Twice is harmless.
  void close();

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;
  class Use;

  SqliteConnection(sqlite3* handle, std::filesystem::path file) : handle_(handle), file_(std::move(file)) {}
  base::Result<Statement> prepare(std::string_view sql);
  base::Error failure(int code, std::string_view sql);

  sqlite3* handle_;
  std::filesystem::path file_;
  std::map<std::string, Statement, std::less<>> statements_;
  int wal_pages_ = 0;
  std::optional<base::Error> doubt_;
};

// True for the errno of a full disk, a used up quota or a file at its size limit.
bool means_full(int system_errno);

// What SQLite's `code` (extended) and errno mean for the caller. `message` is SQLite's own.
base::Error error_of(int code, int system_errno, std::string_view message, const std::filesystem::path& file);

// Ends the process with exit status 74 (EX_IOERR) after a line in the log. A failed sync may drop written pages, and a
// second sync would claim success: only a new start, which reads the disk, knows what is there.
[[noreturn]] void fatal_disk_failure(const base::Error& cause);

}  // namespace slipway::storage::sqlite
