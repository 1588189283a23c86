#pragma once
// Gathering what a short command writes and how it ends. For Supervisors::run().

#include <chrono>
#include <optional>

#include "net/runtime.h"
#include "net/task.h"
#include "process/helper.h"
#include "process/supervisor.h"

namespace slipway::process {

// Reads both outputs of a helper of Mode::run to their end. None: `deadline` came first. In each case nothing of the
// command is left when it returns. Cancelled: the helper is let go, and ends everything by itself.
net::Task<std::optional<Supervisors::Output>> gather(net::Runtime& runtime, Helper helper,
                                                     std::chrono::steady_clock::time_point deadline);

}  // namespace slipway::process
