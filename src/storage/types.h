#pragma once
// Rows of `type` and `type_version`: every version of every environment type that was ever read, and which one is
// launched. Used by the broker, which knows what the files say.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "storage/database.h"

namespace slipway::storage {

struct TypeVersionRow {
  std::string name;
  std::int64_t version = 0;  // from 1; of one name without gaps
  std::string sha256;        // of the content
  std::string files;         // JSON object by path; empty where a list leaves it out
  std::string source;        // the broker's words: where it came from
  base::Time created_at{};
  std::string created_by;
};

struct EnsuredVersion {
  std::int64_t version = 0;
  bool added = false;  // false: this content was there before
};

// All of these block for one statement or two.

// The version of row.name with this content, added where there is none; row.version is not looked at. A known one gets
// the new source: where its content is to be had now.
base::Result<EnsuredVersion> ensure_type_version(Connection& connection, const TypeVersionRow& row);

// Makes an existing version the one that launches take. Errors: conflict where there is no such version.
base::Result<void> set_current_type_version(Connection& connection, std::string_view name, std::int64_t version,
                                            base::Time now);
base::Result<std::optional<std::int64_t>> current_type_version(Connection& connection, std::string_view name);

base::Result<std::optional<TypeVersionRow>> find_type_version(Connection& connection, std::string_view name,
                                                              std::int64_t version);
// Newest first, without files.
base::Result<std::vector<TypeVersionRow>> list_type_versions(Connection& connection, std::string_view name);
// The current version of every type, by name.
base::Result<std::vector<TypeVersionRow>> list_current_types(Connection& connection);
// Every version that an environment uses which is not terminated.
base::Result<std::vector<TypeVersionRow>> list_types_in_use(Connection& connection);

}  // namespace slipway::storage
