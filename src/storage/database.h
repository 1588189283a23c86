#pragma once
// The storage seam: connection, row and database. Queries live one file per resource beside this (environments.h,
// executions.h, access_keys.h ...), in SQL that SQLite and PostgreSQL both accept where that costs nothing.
// Knows no resource and no dialect.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "net/task.h"

namespace slipway::storage {

// What is bound to a placeholder: null, an integer, or text (JSON and bytes travel as text).
using Value = std::variant<std::nullptr_t, std::int64_t, std::string_view>;

// The current row of a query. Views are valid until the visitor returns. Columns count from 0.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual std::string_view text(int column) const = 0;
};

class Connection {
 public:
  virtual ~Connection() = default;
  // Runs one statement (`?` placeholders in order) and gives the number of rows it changed. The prepared form is kept
  // per SQL text, so pass literals. Errors: conflict (a unique or foreign key refused it), unavailable (disk full, busy
  // too long), internal (everything else, the SQL text in the context).
  virtual base::Result<std::int64_t> execute(std::string_view sql, std::initializer_list<Value> values = {}) = 0;
  // Runs a query and calls `visit` for each row in order.
  virtual base::Result<void> query(std::string_view sql, std::initializer_list<Value> values,
                                   const std::function<void(const Row&)>& visit) = 0;
};

// One unit of writing: all of it is committed, or none. It may run again after a rollback of its group, so it changes
// nothing but the database and what it alone owns.
using Transaction = std::function<base::Result<void>(Connection&)>;

struct DatabaseStatistics {
  std::uint64_t commits = 0;       // group commits
  std::uint64_t transactions = 0;  // members of those groups
  std::uint64_t queued = 0;        // transactions waiting now
  std::uint64_t queue_limit = 0;   // beyond it one more is refused
  std::int64_t size_bytes = 0;
};

class Database {
 public:
  virtual ~Database() = default;
  // Queues `work` for the writer; returns when it is durable, or with the error it returned (then it alone was rolled
  // back). A full queue answers throttled. On the I/O thread.
  virtual net::Task<void> write(Transaction work) = 0;
  // For keyed reads on the I/O thread only; sees every write whose task has returned.
  virtual Connection& reader() = 0;
  // Runs `work` with a reading connection in the pool: for scans.
  // Neither wait is cancelled: `work` has ended when it returns, so it may refer to the frame of who waits.
  virtual net::Task<void> read(Transaction work) = 0;
  // Whether what is written is stored, and found again by who opens the database later. Errors: unavailable with code
  // DatabaseGone, with which writes are refused too, or DiskFull: the last write failed so, within a minute.
  // On the I/O thread.
  virtual base::Result<void> check() = 0;
  virtual DatabaseStatistics statistics() const = 0;
  // Writes a consistent copy to `path`, which must not exist (`slipway backup`).
  virtual net::Task<void> backup(std::string path) = 0;
  // Commits what is queued and closes. Afterwards every call answers unavailable.
  virtual void stop() = 0;
};

}  // namespace slipway::storage
