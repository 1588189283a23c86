#pragma once
// How the row files write and read their columns: times as integer milliseconds, flags as 0 and 1, and rows by position
// in the SELECT. Used by the row files beside this.

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "storage/database.h"

namespace slipway::storage {

inline Value column(base::Time time) {
  return std::int64_t{time.time_since_epoch().count()};
}
inline Value column(std::optional<base::Time> time) {
  return time ? column(*time) : Value(nullptr);
}
inline Value column(bool flag) {
  return std::int64_t{flag};
}

// Reads a row's columns from left to right.
class Columns {
 public:
  explicit Columns(const Row& row) : row_(row) {}
  std::string text() { return std::string(row_.text(next_++)); }
  std::int64_t integer() { return row_.integer(next_++); }
  bool flag() { return integer() != 0; }
  base::Time time() { return base::Time(std::chrono::milliseconds(integer())); }
  std::optional<base::Time> optional_time() {
    if (row_.is_null(next_)) {
      ++next_;
      return std::nullopt;
    }
    return time();
  }

 private:
  const Row& row_;
  int next_ = 0;
};

// Rows of one column.
inline std::int64_t read_integer(Columns columns) {
  return columns.integer();
}
inline base::EnvironmentId read_id(Columns columns) {
  return base::EnvironmentId(columns.text());
}

// The first row of a query as `read` makes it of its columns; nothing where there is none.
template <class T>
base::Result<std::optional<T>> first_row(Connection& connection, std::string_view sql,
                                         std::initializer_list<Value> values, T (*read)(Columns)) {
  std::optional<T> found;
  TRY(connection.query(sql, values, [&](const Row& row) {
    if (!found) found = read(Columns(row));
  }));
  return found;
}

// Every row of a query, in its order.
template <class T>
base::Result<std::vector<T>> all_rows(Connection& connection, std::string_view sql, std::initializer_list<Value> values,
                                      T (*read)(Columns)) {
  std::vector<T> found;
  TRY(connection.query(sql, values, [&](const Row& row) { found.push_back(read(Columns(row))); }));
  return found;
}

}  // namespace slipway::storage
