#include "storage/sqlite/migrate.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "observe/log.h"
#include "storage/sqlite/folder.h"

namespace slipway::storage::sqlite {

using base::Result;

namespace {

constexpr const char* kVersionTable =
    "CREATE TABLE IF NOT EXISTS schema_version ("
    "  version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT";

Result<std::int64_t> current_version(SqliteConnection& connection) {
  TRY(connection.execute(kVersionTable, {}));
  std::int64_t version = 0;
  TRY(connection.query("SELECT max(version) FROM schema_version", {},
                       [&](const Row& row) { version = row.integer(0); }));
  return version;
}

Result<void> apply(SqliteConnection& connection, const Migration& migration) {
  TRY(connection.execute("BEGIN IMMEDIATE", {}));
  auto applied = [&]() -> Result<void> {
    TRY(connection.run_script(std::string(migration.sql)));
    const std::int64_t now = base::system_clock().now().time_since_epoch().count();
    TRY(connection.execute("INSERT INTO schema_version (version, name, applied_at) VALUES (?, ?, ?)",
                           {migration.number, migration.name, now}));
    TRY(connection.execute("COMMIT", {}));
    return {};
  }();
  if (!applied && connection.in_transaction()) (void)connection.run_script("ROLLBACK");
  return std::move(applied).with_context(fmt::format("migration {} ({})", migration.number, migration.name));
}

// Under a temporary name first: what stands under the final name is always whole.
Result<void> keep_copy(SqliteConnection& connection, const std::filesystem::path& file, int number) {
  const std::filesystem::path target = fmt::format("{}.before-{}", file.string(), number);
  const std::filesystem::path unfinished = target.string() + ".unfinished";
  std::error_code failed;
  std::filesystem::remove(unfinished, failed);
  TRY(copy_database(connection, unfinished));
  std::filesystem::rename(unfinished, target, failed);
  if (failed) return base::from_errno(fmt::format("writing {}", target.string()), failed.value());
  TRY(sync_file(target));
  observe::info("kept a copy of the database before its schema changes", {{"file", target.string()}});
  return {};
}

}  // namespace

Result<void> migrate(SqliteConnection& connection, const std::filesystem::path& file,
                     std::span<const Migration> known) {
  const auto version = TRY(current_version(connection));
  const auto newest = static_cast<std::int64_t>(known.size());
  if (version > newest) {
    return base::conflict(fmt::format(
        "{} was written by a newer Slipway (schema {}, this program knows {}): start that version or a newer "
        "one, or restore the copy it kept ({}.before-{})",
        file.string(), version, newest, file.filename().string(), newest + 1));
  }
  const auto missing = known.subspan(static_cast<std::size_t>(version));
  if (version > 0 && !missing.empty()) TRY(keep_copy(connection, file, missing.front().number));
  for (const auto& migration : missing) TRY(apply(connection, migration));
  return {};
}

Result<void> copy_database(SqliteConnection& connection, const std::filesystem::path& target) {
  if (TRY(make_private_file(target))) {
    return base::conflict(fmt::format("{} exists already: name another file for the copy", target.string()));
  }
  auto copied = connection.execute("VACUUM INTO ?", {std::string_view(target.native())});
  if (!copied) {
    std::error_code ignored;
    std::filesystem::remove(target, ignored);
    return std::move(copied).error().with_context(fmt::format("copying the database to {}", target.string()));
  }
  return sync_file(target);
}

}  // namespace slipway::storage::sqlite
