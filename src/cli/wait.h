#pragma once
// Waiting for a cluster, with a bar for people and one line a step for logs. Ctrl-C ends the waiting, not the cluster.

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/command.h"
#include "cli/context.h"

namespace slipway::cli {

struct WaitOptions {
  std::optional<bool> wait;  // unset: where a person looks on
  int timeout_seconds = 1800;

  bool wanted(const Context& context) const { return wait.value_or(context.out_is_terminal); }
};
void add_wait_options(Command& command, WaitOptions& options);

// What a look at the thing waited for found.
struct Look {
  std::optional<ExitCode> end;  // set: the waiting is over
  std::string step;             // what happens now, such as "starting slurmctld"; may be empty
  int steps_done = 0;
  int steps = 0;  // 0: unknown
};

// Looks again and again, first often, later every 2 s, until a look has an end. Gives that end, `interrupted` after
// Ctrl-C, or timed_out. An Error of `look` ends it too, but one that is retryable does so only when it lasts for 30 s:
// a broker may be restarted meanwhile. `title`: "Creating cluster demo".
base::Result<ExitCode> wait_for(const Context& context, const std::string& title, const WaitOptions& options,
                                const std::function<base::Result<Look>()>& look);

// Looks at a cluster: ends when it no longer is in `busy` (CREATE_IN_PROGRESS): ok with `good`, environment_failed with
// anything else. Where it is gone: ok if `good` is DELETE_COMPLETE, else the not_found error.
base::Result<Look> look_at_cluster(const Client& client, const std::string& name, const std::string& busy,
                                   const std::string& good);

}  // namespace slipway::cli
