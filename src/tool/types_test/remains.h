#pragma once
// What is there of a test's environments on this machine and in the broker's database, and what must not be: processes
// that run twice, and anything at all after the end.

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tool/types_test/test_broker.h"

namespace slipway::tool {

// Programs under supervisors by the folder of their process, below `folder`: "env-.../process/slurmctld".
using Programs = std::multiset<std::string>;

// Notices programs that run twice.
class ProgramWatch {
 public:
  // `folder`: of the environments.
  explicit ProgramWatch(std::filesystem::path folder) : folder_(std::move(folder)) {}
  // Looks at /proc once. A process that has just forked looks like two: only what two looks in a row see counts.
  void look();
  // What ran twice, in words.
  const std::set<std::string>& doubles() const { return doubles_; }
  // As the last look saw them; the environment's own folder left out, so that two runs can be compared.
  const Programs& programs() const { return programs_; }

 private:
  const std::filesystem::path folder_;
  std::set<std::string> suspects_;
  std::set<std::string> doubles_;
  Programs programs_;
};

// After the environments' end, with the broker stopped, a line each: processes, listening ports, folders, reserved
// ports, resources that are not gone, executions that have not ended. Blocks.
base::Result<std::vector<std::string>> orphans(const TestBroker& broker);
// What `slipway verify` finds, and what happened twice though it was asked for once, a line each. The same.
base::Result<std::vector<std::string>> broken_invariants(const TestBroker& broker);

}  // namespace slipway::tool
