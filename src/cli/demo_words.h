#pragma once
// What the demo says at its end.

#include <sys/types.h>

#include <string>

namespace slipway::cli {

// `folder_option`: " --data-dir DIR", or empty. `pid`: of a broker that the demo started, else 0.
std::string how_to_use_and_stop(const std::string& cluster, const std::string& folder_option, pid_t pid,
                                const std::string& log);
std::string what_to_try_next();

}  // namespace slipway::cli
