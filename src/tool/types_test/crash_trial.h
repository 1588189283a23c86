#pragma once
// One life of one environment whose broker is killed on the way: at a crash point, and perhaps once more while it
// recovers. Then whether everything ended as if nothing had happened.

#include <chrono>
#include <string>
#include <vector>

#include "tool/types_test/remains.h"
#include "tool/types_test/test_broker.h"
#include "tool/types_test/tested_environment.h"

namespace slipway::tool {

// Its name is the same in every run: server/crash_points.h.
struct CrashPoint {
  Operation operation = Operation::launch;  // during which it is passed
  std::string name;
};

struct CrashOutcome {
  int kills = 0;
  std::string ended;                    // "available", "held"; how the operation ended, or where it stood at last
  std::vector<std::string> wrong{};     // what else is not as it must be, in words
  std::vector<std::string> orphans{};   // what was left
  std::vector<std::string> doubles{};   // what ran or happened twice
  std::chrono::milliseconds seconds{};  // from the first start of a broker to the last look

  bool passed() const { return kills > 0; }  // the point came
  bool right() const { return passed() && wrong.empty() && orphans.empty() && doubles.empty(); }
};

class CrashTrial {
 public:
  // `limit`: of one operation, kill and recovery included.
  CrashTrial(const cli::Context& context, const TestedType& type, TestBroker::Place place, std::chrono::seconds limit);

  // A life without a kill: every point in the order in which they are passed, and what runs while it is available.
  struct Trace {
    std::vector<CrashPoint> points;
    Programs programs;
  };
  base::Result<Trace> trace();

  // `again`: the how manieth point of the recovery kills the recovering broker; 0: none. Errors: only of the test
  // itself; whatever is wrong with the type or the broker is in the outcome.
  base::Result<CrashOutcome> run(const CrashPoint& point, int again, const Programs& expected);

 private:
  base::Result<void> life_until_killed(const CrashPoint& point, const Programs& expected);
  base::Result<void> perform(Operation operation);
  base::Result<void> request(Operation operation);
  base::Result<void> settle(Operation operation);
  base::Result<void> recover(Operation operation);
  base::Result<void> expect_programs(const Programs& expected);
  base::Result<void> judge_what_is_left();

  const cli::Context& context_;
  const std::chrono::seconds limit_;
  TestBroker broker_;
  TestedEnvironment environment_;
  const bool stops_;
  ProgramWatch watch_;
  CrashOutcome outcome_;
  int again_ = 0;
};

}  // namespace slipway::tool
