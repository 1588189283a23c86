#pragma once
// Rows of `type` and `type_version`: every version of every environment type that was read and not removed, which one
// is launched, and what the watched folder holds. Used by the broker, which knows what the files say.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "storage/database.h"

namespace slipway::storage {

struct TypeVersionRow {
  std::string name;
  std::int64_t version = 0;  // from 1; one number is one content, for ever
  std::string sha256;        // of the content
  std::string files;         // JSON object by path; empty where a list leaves it out
  std::string source;        // the broker's words: where it came from
  base::Time created_at{};
  std::string created_by;
};

struct EnsuredVersion {
  std::int64_t version = 0;
  bool added = false;  // false: this content is there already
};

struct UsedVersion {
  std::string name;
  std::int64_t version = 0;  // 0: launched before types had versions
};

// All of these block for a few statements.

// The version of row.name with this content, added where there is none; row.version is not looked at. A known one gets
// the new source: where its content is to be had now. One that was removed comes back with its number.
base::Result<EnsuredVersion> ensure_type_version(Connection& connection, const TypeVersionRow& row);

// Makes an existing version the one that launches take. Errors: conflict where there is no such version.
base::Result<void> set_current_type_version(Connection& connection, std::string_view name, std::int64_t version,
                                            base::Time now);
base::Result<std::optional<std::int64_t>> current_type_version(Connection& connection, std::string_view name);

// What the watched folder of the type held when it was read last, which may have been removed since; 0 where none was.
base::Result<std::int64_t> folder_type_version(Connection& connection, std::string_view name);
// Of a type that has a current version.
base::Result<void> set_folder_type_version(Connection& connection, std::string_view name, std::int64_t version);

// Takes a version away; its number stays its content's. Errors: conflict where it is the current one: forget_type()
// first.
base::Result<void> remove_type_version(Connection& connection, std::string_view name, std::int64_t version,
                                       base::Time now);
// Then no version is current, and what the folder held is forgotten.
base::Result<void> forget_type(Connection& connection, std::string_view name);

base::Result<std::optional<TypeVersionRow>> find_type_version(Connection& connection, std::string_view name,
                                                              std::int64_t version);
// Without reading its files.
base::Result<bool> has_type_version(Connection& connection, std::string_view name, std::int64_t version);
// The highest that is lower; empty where there is none.
base::Result<std::optional<std::int64_t>> type_version_before(Connection& connection, std::string_view name,
                                                              std::int64_t version);
// Newest first, without files.
base::Result<std::vector<TypeVersionRow>> list_type_versions(Connection& connection, std::string_view name);
// The current version of every type, by name.
base::Result<std::vector<TypeVersionRow>> list_current_types(Connection& connection);
// Every version that an environment uses which is not terminated: with its files, and (by name and version) only which,
// also what is in type_version no more.
base::Result<std::vector<TypeVersionRow>> list_types_in_use(Connection& connection);
base::Result<std::vector<UsedVersion>> list_versions_in_use(Connection& connection);

}  // namespace slipway::storage
