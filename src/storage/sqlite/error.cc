#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "observe/log.h"
#include "storage/sqlite/connection.h"

namespace slipway::storage::sqlite {

using base::Error;
using std::chrono_literals::operator""s;

bool means_full(int system_errno) {
  return system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG;
}

Error error_of(int code, int system_errno, std::string_view message, const std::filesystem::path& file) {
  const auto folder = file.parent_path().string();
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      switch (code) {
        case SQLITE_CONSTRAINT_UNIQUE:
        case SQLITE_CONSTRAINT_PRIMARYKEY:
        case SQLITE_CONSTRAINT_FOREIGNKEY:
          return base::conflict(fmt::format("the database refuses a row: {}", message));
        default:
          return base::internal(fmt::format("the database refuses a row: {}", message));
      }
    case SQLITE_IOERR:
      // Of the index of the write-ahead log that cannot grow, SQLite keeps no errno.
      if (code != SQLITE_IOERR_SHMSIZE && !means_full(system_errno)) {
        return base::unavailable(
            fmt::format("reading or writing {} failed ({}, code {}, {}): check the disk and the kernel's log",
                        file.string(), message, code, std::strerror(system_errno)),
            "DiskFailure");
      }
      [[fallthrough]];
    case SQLITE_FULL: {
      auto full = base::unavailable(
          fmt::format("nothing can be stored: the disk or quota of the data folder {} is full. Free some space there",
                      folder),
          "DiskFull");
      full.retry_after = 30s;  // somebody has to come and free some
      return full;
    }
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return base::unavailable(
          fmt::format("another program holds {} (an open sqlite3 shell?): end it and try again", file.string()));
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_AUTH:
      return base::unavailable(
          fmt::format("{} cannot be opened for writing ({}): give this account the data folder {}, or choose another",
                      file.string(), message, folder));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return base::internal(fmt::format("{} is damaged or no database ({}): stop the broker and restore a backup",
                                        file.string(), message));
    default:
      return base::internal(fmt::format("database failure {}: {}", code, message));
  }
}

void fatal_disk_failure(const Error& cause) {
  observe::error("the disk failed while committing: ending now, as only a new start can tell what was stored", cause);
  observe::flush_log();
  _exit(74);  // EX_IOERR
}

}  // namespace slipway::storage::sqlite
