#include "server/crash_points.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>

namespace slipway::server {

CrashPoints::~CrashPoints() {
  if (trace_ >= 0) ::close(trace_);
}

base::Result<void> CrashPoints::open() {
  if (settings_.trace.empty()) return {};
  trace_ = ::open(settings_.trace.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600);
  if (trace_ < 0) return base::from_errno("opening " + settings_.trace.string());
  return {};
}

void CrashPoints::pass(const std::string& moment, std::string_view execution, std::string_view step) {
  const std::lock_guard lock(mutex_);
  const auto name = fmt::format("{} #{}", moment, ++times_[moment]);
  ++number_;
  if (trace_ >= 0) {
    const auto line = fmt::format("{}\t{}\t{}\t{}\n", number_, name, execution, step);
    // A trace that cannot be written lacks a point, which its reader finds out.
    [[maybe_unused]] const auto ignored = ::write(trace_, line.data(), line.size());
  }
  if (settings_.at == name || settings_.at == std::to_string(number_)) ::kill(::getpid(), SIGKILL);
}

}  // namespace slipway::server
