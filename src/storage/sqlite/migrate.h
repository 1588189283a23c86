#pragma once
// Brings a database to the schema that this program knows. Used by SqliteDatabase when it opens.

#include <filesystem>
#include <span>

#include "storage/migrations.h"
#include "storage/sqlite/connection.h"

namespace slipway::storage::sqlite {

// Applies the migrations that are missing, in order, each in one transaction together with its row in schema_version:
// interrupted, the next start goes on. Before the first of them changes a database that held an older schema, copies it
// to FILE.before-N, N the number of that migration. Errors: conflict where the schema is newer than `known`; what the
// migration's own SQL fails with.
base::Result<void> migrate(SqliteConnection& connection, const std::filesystem::path& file,
                           std::span<const Migration> known);

// Writes a consistent copy of the database to `target`, which must not exist, for its owner alone, and waits until it
// is on the disk. Errors: conflict where `target` exists.
base::Result<void> copy_database(SqliteConnection& connection, const std::filesystem::path& target);

}  // namespace slipway::storage::sqlite
