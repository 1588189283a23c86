#pragma once
// Everything that a database can show to be wrong: the file, its schema, the engine's invariants, and what is kept for
// environments. Used by `slipway verify`. Changes nothing; blocks.

#include <filesystem>
#include <string>
#include <vector>

#include "workflow/invariants.h"

namespace slipway::tool {

struct DatabaseCheck {
  std::int64_t schema = 0;  // as found; a file of an older one is checked after its migration, in a copy
  std::int64_t executions = 0;
  std::int64_t environments = 0;
  std::vector<workflow::BrokenInvariant> broken;  // empty where all is in order
};

// `file`: a database, also one that a broker writes. `key_file`: opens access keys and what is sealed of
// environments, so that their secrets are looked for; it may be missing. `scratch`: an empty folder for copies. Errors:
// conflict where the schema is newer than this program's.
base::Result<DatabaseCheck> check_database(const std::filesystem::path& file, const std::filesystem::path& key_file,
                                           const std::filesystem::path& scratch);

}  // namespace slipway::tool
