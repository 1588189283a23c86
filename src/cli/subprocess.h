#pragma once
// Runs a short command and reads what it prints, or starts a broker that may outlive us. For the demo and doctor; the
// broker itself uses process::Supervisors, which cli may not.

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/account.h"

namespace slipway::cli {

struct Subprocess {
  std::vector<std::string> command;                   // searched in PATH
  std::map<std::string, std::string> variables = {};  // on top of what is inherited
  std::optional<Account> account = {};                // become it first (as root)
  std::string directory = {};                         // empty: ours
  std::string input = {};                             // what it reads from standard input
};

struct Finished {
  int exit_code = 0;   // 128 + number where a signal ended it
  std::string output;  // both streams, as they came; at most 1 MiB
};

// Blocks. Ends it (with what it started in its process group) at `limit` with timed_out, and after Ctrl-C with
// interrupted(). Errors: not_found (no such program), unavailable.
base::Result<Finished> run_to_end(const Subprocess& what, std::chrono::milliseconds limit);

// Starts it in a session of its own, so that Ctrl-C at the terminal reaches only us; its streams go to the given
// descriptors. `die_with_us`: it gets SIGTERM when this process ends, however it ends.
base::Result<pid_t> start(const Subprocess& what, int out, int err, bool die_with_us);

}  // namespace slipway::cli
