#include "storage/sqlite/connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>

namespace slipway::storage::sqlite {

using base::Error;
using base::Result;

namespace {

class StatementRow final : public Row {
 public:
  explicit StatementRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool is_null(int column) const override { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::int64_t integer(int column) const override { return sqlite3_column_int64(statement_, column); }
  std::string_view text(int column) const override {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (!bytes) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* statement_;
};

int bind(sqlite3_stmt* statement, int index, const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return sqlite3_bind_int64(statement, index, *number);
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    // A null pointer would bind NULL. The caller's bytes outlive the statement's run: no copy.
    return sqlite3_bind_text64(statement, index, text->data() ? text->data() : "", text->size(), SQLITE_STATIC,
                               SQLITE_UTF8);
  }
  return sqlite3_bind_null(statement, index);
}

// True where nobody knows what reached the disk. A full disk is no such case: then the commit was not written.
bool leaves_doubt(int code, int system_errno) {
  if ((code & 0xff) != SQLITE_IOERR) return false;
  switch (code) {
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_NOMEM:
      return false;
    case SQLITE_IOERR_WRITE:
      return !means_full(system_errno);
    default:
      return true;
  }
}

// What the kernel said when the log, which every commit goes to, could not be written. (sqlite3_system_errno is the
// thread's errno, which the rollback has changed by then. A full disk is SQLITE_FULL, but a used up quota is not.)
int errno_of_last_write(sqlite3* handle) {
  sqlite3_file* log = nullptr;
  int number = 0;
  sqlite3_file_control(handle, nullptr, SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (log && log->pMethods) log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &number);
  return number;
}

constexpr const char* kCommonSettings =
    "PRAGMA foreign_keys = ON;"
    "PRAGMA temp_store = MEMORY;";
constexpr const char* kWriterSettings =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA wal_autocheckpoint = 0;"
    "PRAGMA cache_size = -65536;";
constexpr const char* kReaderSettings =
    "PRAGMA query_only = ON;"
    "PRAGMA cache_size = -8192;";

constexpr int kBusyTimeoutMilliseconds = 5000;

}  // namespace

void SqliteConnection::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

// A prepared statement for the time of one call: bound, run and reset, so that no read stays open. While it is in use
// its slot in the cache is empty; a call from within a visitor prepares its own.
class SqliteConnection::Use {
 public:
  Use(SqliteConnection& connection, std::string_view sql) : connection_(connection), sql_(sql) {}
  Use(const Use&) = delete;
  ~Use() {
    if (!statement_ || !connection_.handle_) return;
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
    *slot_ = std::move(statement_);
  }

  Result<sqlite3_stmt*> bound(std::initializer_list<Value> values) {
    TRY(take());
    int index = 0;
    for (const auto& value : values) {
      if (const int code = bind(statement_.get(), ++index, value); code != SQLITE_OK) {
        return connection_.failure(code, sql_);
      }
    }
    if (sqlite3_bind_parameter_count(statement_.get()) != index) {
      return base::internal(fmt::format("{} values for this statement: {}", index, sql_));
    }
    return statement_.get();
  }

 private:
  Result<void> take() {
    auto& cache = connection_.statements_;
    auto cached = cache.find(sql_);
    if (cached == cache.end() || !cached->second) {
      statement_ = TRY(connection_.prepare(sql_));
      if (cached == cache.end()) cached = cache.emplace(sql_, nullptr).first;
    } else {
      statement_ = std::move(cached->second);
    }
    slot_ = &cached->second;
    return {};
  }

  SqliteConnection& connection_;
  std::string_view sql_;
  Statement statement_;
  Statement* slot_ = nullptr;
};

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::filesystem::path& file, Mode mode) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (mode == Mode::writer ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(handle, file));
  if (code != SQLITE_OK) return connection->failure(code, "open");
  sqlite3_busy_timeout(handle, kBusyTimeoutMilliseconds);
  TRY(connection->run_script(kCommonSettings));
  TRY(connection->run_script(mode == Mode::writer ? kWriterSettings : kReaderSettings));
  auto remember_pages = [](void* self, sqlite3*, const char*, int pages) {
    static_cast<SqliteConnection*>(self)->wal_pages_ = pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(handle, remember_pages, connection.get());
  return connection;
}

SqliteConnection::~SqliteConnection() {
  close();
}

void SqliteConnection::close() {
  statements_.clear();
  sqlite3_close_v2(handle_);
  handle_ = nullptr;
}

Result<SqliteConnection::Statement> SqliteConnection::prepare(std::string_view sql) {
  if (!handle_) return base::unavailable("the database is closed: the broker is stopping");
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  if (code != SQLITE_OK) return failure(code, sql);
  return Statement(statement);
}

Result<std::int64_t> SqliteConnection::execute(std::string_view sql, std::initializer_list<Value> values) {
  Use use(*this, sql);
  sqlite3_stmt* statement = TRY(use.bound(values));
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = sqlite3_step(statement);
  if (code != SQLITE_DONE) return failure(code, sql);
  return sqlite3_changes64(handle_);
}

Result<void> SqliteConnection::query(std::string_view sql, std::initializer_list<Value> values,
                                     const std::function<void(const Row&)>& visit) {
  Use use(*this, sql);
  sqlite3_stmt* statement = TRY(use.bound(values));
  const StatementRow row(statement);
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) visit(row);
  if (code != SQLITE_DONE) return failure(code, sql);
  return {};
}

Result<void> SqliteConnection::run_script(const std::string& sql) {
  if (!handle_) return base::unavailable("the database is closed: the broker is stopping");
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(code, sql);
  return {};
}

bool SqliteConnection::in_transaction() const {
  return handle_ && sqlite3_get_autocommit(handle_) == 0;
}

Result<void> SqliteConnection::checkpoint() {
  const int code = sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (code != SQLITE_OK && code != SQLITE_BUSY) return failure(code, "checkpoint");
  return {};
}

Error SqliteConnection::failure(int code, std::string_view sql) {
  const int system_errno = handle_ ? errno_of_last_write(handle_) : 0;
  auto error =
      error_of(code, system_errno, handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(code), file_).with_context(sql);
  if (leaves_doubt(code, system_errno)) doubt_ = error;
  return error;
}

}  // namespace slipway::storage::sqlite
