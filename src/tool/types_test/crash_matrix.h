#pragma once
// The crash matrix: a type's environment is launched, stopped, started and terminated again and again, and each time
// the broker is killed at another point. Used by `slipway types test --crash`.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/context.h"
#include "tool/types_test/crash_trial.h"

namespace slipway::tool {

struct CrashOptions {
  int points = 0;          // how many of them, drawn by the seed; 0: all
  std::string only;        // those whose name contains it
  std::uint64_t seed = 1;  // also decides which are killed a second time
  int at_once = 2;
  std::chrono::seconds limit{120};
};

struct CrashRow {
  CrashPoint point;
  int again = 0;  // 0: killed once; else also at this point of the recovery
  CrashOutcome outcome;
};

struct CrashMatrix {
  std::string type;
  std::uint64_t seed = 0;
  std::size_t known = 0;  // points of the type in all
  Programs programs;      // what runs while it is available
  std::vector<CrashRow> rows;

  std::size_t right() const;
  std::size_t not_passed() const;  // points that did not come again: they depend on time
  std::size_t orphans() const;
  std::size_t doubles() const;
};

// `folder`: of the test's own, short; `places`: a broker's place in it by number. Progress goes to stderr. Errors:
// those of the test itself, and NotRight where the type does not even live and end well without a crash.
base::Result<CrashMatrix> make_crash_matrix(const cli::Context& context, const TestedType& type,
                                            const CrashOptions& options,
                                            const std::function<TestBroker::Place(int number, int slot)>& places);

boost::json::object to_json(const CrashMatrix& matrix);
// The table for people, and the line that sums it up.
std::string to_text(const CrashMatrix& matrix);

}  // namespace slipway::tool
