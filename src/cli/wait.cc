#include "cli/wait.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "cli/interrupts.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/steps.h"

namespace slipway::cli {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{2'000};
constexpr milliseconds kPatience{30'000};

std::string outcome(ExitCode code) {
  switch (code) {
    case ExitCode::ok:
      return "done";
    case ExitCode::environment_failed:
      return "failed";
    default:
      return "ended";
  }
}

}  // namespace

void add_wait_options(Command& command, WaitOptions& options) {
  command.toggle("--wait", options.wait, "Wait for the end and show progress; default on a terminal");
  command.option("--timeout", options.timeout_seconds, 1, 1'000'000, "Longest time to wait, in seconds",
                 {.placeholder = "SECONDS"});
}

base::Result<ExitCode> wait_for(const Context& context, const std::string& title, const WaitOptions& options,
                                const std::function<base::Result<Look>()>& look) {
  Progress progress(context.err, context.err_is_terminal, title);
  auto pause = kFirstPause;
  milliseconds waited{0};  // by our own pauses: a test replaces them
  milliseconds failing{0};
  const auto left = [&] {
    progress.finish("no longer waiting (it goes on without us)");
    return ExitCode::interrupted;
  };
  for (;;) {
    auto seen = look();
    if (!seen && interrupts() > 0) return left();
    if (!seen) {
      if (!seen.error().retryable() || failing >= kPatience) return std::move(seen).error();
      failing += pause;
    } else {
      failing = milliseconds{0};
      if (seen->end) {
        progress.finish(outcome(*seen->end));
        return *seen->end;
      }
      progress.show(seen->step, seen->steps_done, seen->steps);
    }
    if (std::max(waited, progress.elapsed()) >= std::chrono::seconds(options.timeout_seconds)) {
      return base::timed_out(fmt::format("{}: not done after {}; it goes on without us.", title,
                                         readable_duration(std::chrono::seconds(options.timeout_seconds))));
    }
    if (!context.pause(pause)) return left();
    waited += pause;
    pause = std::min(pause * 5 / 4, kLongestPause);
  }
}

base::Result<Look> look_at_cluster(const Client& client, const std::string& name, const std::string& busy,
                                   const std::string& good) {
  auto cluster = client.call({.method = "GET", .path = cluster_path(name)});
  Look look;
  if (!cluster) {
    bool gone = cluster.error().kind == base::ErrorKind::not_found;
    if (!gone || good != "DELETE_COMPLETE") return std::move(cluster).error();
    look.end = ExitCode::ok;
    return look;
  }
  auto status = text_at(*cluster, "/clusterStatus");
  if (status == good) look.end = ExitCode::ok;
  // A failed creation is over when what it made is taken away; then its reason is complete, too.
  const bool rolls_back = text_at(*cluster, "/cloudFormationStackStatus") == "ROLLBACK_IN_PROGRESS";
  if (status != good && status != busy && !rolls_back) look.end = ExitCode::environment_failed;
  if (!look.end) add_current_step(client, name, look);
  return look;
}

}  // namespace slipway::cli
