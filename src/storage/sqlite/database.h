#pragma once
// The store of one broker: a SQLite file in the data folder. Used by the composition root and by offline tools, which
// hand it on as storage::Database.

#include <filesystem>
#include <memory>
#include <span>

#include "net/runtime.h"
#include "storage/database.h"
#include "storage/migrations.h"

namespace slipway::storage::sqlite {

// Opens FOLDER/slipway.db, makes it if it is missing, and brings its schema up to `known`. The folder is this process's
// until the database is stopped. Blocks: call it before the loop runs. `runtime` must outlive the database.
// Errors: conflict (another broker uses the folder; the schema is newer), unavailable (folder missing or not writable,
// disk full), invalid (network file system), internal (file damaged); each says what to do.
base::Result<std::unique_ptr<Database>> open_database(net::Runtime& runtime, const std::filesystem::path& folder,
                                                      std::span<const Migration> known = migrations());

}  // namespace slipway::storage::sqlite
