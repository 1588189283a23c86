#pragma once
// Where `slipway types test --crash` kills the broker: counts the points that an execution passes (before and after
// each commit, before, in and after each call), writes them down, and at one of them ends this process as kill -9 does.
// There only where hidden options of `serve` ask for it; CrashDatabase and CrashAction pass the points, nothing else
// knows of them.

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::server {

struct CrashSettings {
  // The point at which to end: a name as a trace has it, or a number that counts from 1 in this process. Empty: none.
  std::string at;
  std::filesystem::path trace;  // one line a point, appended: number, name, execution, step, with tabs. Empty: none

  bool wanted() const { return !at.empty() || !trace.empty(); }
};

class CrashPoints {
 public:
  explicit CrashPoints(CrashSettings settings) : settings_(std::move(settings)) {}
  ~CrashPoints();
  CrashPoints(const CrashPoints&) = delete;

  // Opens the trace. Errors: unavailable.
  base::Result<void> open();

  // `moment`: "launch Prepare: before the call". The point's name is that and how often it came in this process, so
  // that it is the same in every run: "launch Prepare: before the call #1". Does not return where it is the one. On any
  // thread.
  void pass(const std::string& moment, std::string_view execution = {}, std::string_view step = {});

  // Which call is in flight, as "launch Prepare": what an action writes bears its name. One at a time, as a broker
  // under test has one environment. On the I/O thread.
  void enter_call(std::string call) { call_ = std::move(call); }
  void leave_call() { call_.clear(); }
  const std::string& call() const { return call_; }

 private:
  const CrashSettings settings_;
  std::string call_;
  int trace_ = -1;
  std::mutex mutex_;
  std::uint64_t number_ = 0;
  std::map<std::string, int> times_;
};

}  // namespace slipway::server
