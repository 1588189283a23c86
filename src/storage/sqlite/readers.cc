#include "storage/sqlite/readers.h"

#include "storage/sqlite/migrate.h"

namespace slipway::storage::sqlite {

using base::Result;

Result<std::unique_ptr<SqliteConnection>> Readers::borrow() {
  std::lock_guard lock(mutex_);
  if (closed_) return base::unavailable("the database is closed: the broker is stopping");
  std::unique_ptr<SqliteConnection> connection;
  if (idle_.empty()) {
    // What stands at the path by now may be another database than the one that is written.
    if (files_) TRY(files_->check());
    connection = TRY(SqliteConnection::open(path_, SqliteConnection::Mode::reader));
  } else {
    connection = std::move(idle_.back());
    idle_.pop_back();
  }
  ++lent_;
  return connection;
}

void Readers::give_back(std::unique_ptr<SqliteConnection> connection) {
  std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
  --lent_;
  returned_.notify_all();
}

Result<void> Readers::run(const Transaction& work) {
  Lease lease{*this, TRY(borrow())};
  TRY(lease.connection->execute("BEGIN", {}));
  // Nothing was written: ending it either way only lets the snapshot go, also when `work` throws.
  struct End {
    SqliteConnection& connection;
    ~End() { (void)connection.run_script("ROLLBACK"); }
  } end{*lease.connection};
  return work(*lease.connection);
}

Result<void> Readers::copy_to(const std::filesystem::path& path) {
  Lease lease{*this, TRY(borrow())};
  // The copy is written through this connection too.
  TRY(lease.connection->run_script("PRAGMA query_only = OFF"));
  auto copied = copy_database(*lease.connection, path);
  TRY(lease.connection->run_script("PRAGMA query_only = ON"));
  return copied;
}

void Readers::close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  returned_.wait(lock, [this] { return lent_ == 0; });
  idle_.clear();
}

}  // namespace slipway::storage::sqlite
