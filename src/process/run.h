#pragma once
// Gathering what a short command writes and how it ends. For Supervisors::run() and run_confined().

#include <chrono>
#include <optional>

#include "net/runtime.h"
#include "net/task.h"
#include "process/helper.h"
#include "process/supervisor.h"

namespace slipway::process {

struct Gathered {
  bool in_time = true;  // false: `deadline` came first, and there is no exit code
  Supervisors::Output output;
  std::string result;
};

// Reads the outputs of a helper of Mode::run to their end. In each case nothing of the command is left when it returns.
// `sandbox`: what is kept of them; null: the first MiB of each. Cancelled: the helper is let go, and ends everything by
// itself.
net::Task<Gathered> gather(net::Runtime& runtime, Helper helper, std::chrono::steady_clock::time_point deadline,
                           const Sandbox* sandbox = nullptr);

}  // namespace slipway::process
