#pragma once
// Rows of `document`: the versions of automation documents that executions are pinned to. Used by the workflow engine.
// Knows nothing of a document's content.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "storage/database.h"

namespace slipway::storage {

struct DocumentRow {
  std::string name;          // such as "parallelcluster/launch"
  std::int64_t version = 0;  // counts from 1 for each name
  std::string sha256;        // of content, 64 lower-case hex digits
  std::string content;       // the document's text
  std::int64_t semantics = 1;
  base::Time created_at{};
};

// Gives the version of `name` that has this content and semantics; where there is none, stores it as the next version.
// Idempotent.
base::Result<std::int64_t> ensure_document(Connection& connection, std::string_view name, std::string_view content,
                                           std::int64_t semantics, base::Time now);

base::Result<std::optional<DocumentRow>> find_document(Connection& connection, std::string_view name,
                                                       std::int64_t version);

}  // namespace slipway::storage
