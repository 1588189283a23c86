#pragma once
// Time as the program sees it: passed in, so that a test holds the hands.

#include <chrono>
#include <string>

namespace slipway::base {

using Time = std::chrono::sys_time<std::chrono::milliseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

// The system's wall clock.
const Clock& system_clock();

// 2021-04-30T00:00:00.000Z, the form of ParallelCluster's answers.
std::string iso8601(Time time);
// 20210430T000000Z, the form of SigV4.
std::string basic_iso8601(Time time);

}  // namespace slipway::base
