#pragma once
// What must hold of every execution in a database, whatever happened to the brokers that wrote it: those of the
// invariants of the automation documents' contract (3.3) that a database alone can show. Used by `slipway verify` and
// by tests that crash brokers. Reads only, scans whole tables.

#include <string>
#include <string_view>
#include <vector>

#include "storage/database.h"
#include "workflow/secrets.h"

namespace slipway::workflow {

struct BrokenInvariant {
  std::string invariant;  // "I4"
  std::string where;      // "execution 0190..."
  std::string what;       // a sentence without its end
};

// Everything that does not hold, at most kMostOfOne by each of its queries; empty where all does. `secrets`:
// values that may stand nowhere in plain text; short ones are not looked for (secrets.h).
inline constexpr int kMostOfOne = 100;
base::Result<std::vector<BrokenInvariant>> broken_invariants(storage::Connection& connection,
                                                             const Secrets& secrets = {});

}  // namespace slipway::workflow
