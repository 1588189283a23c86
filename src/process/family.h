#pragma once
// A program and all that descends from it, watched until nobody is left. For the supervisor, whose only children (it is
// a subreaper: orphans come to it) these are; knows no files.

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>

#include "base/result.h"
#include "process/fd.h"

namespace slipway::process {

// Holds SIGTERM, SIGINT, SIGHUP, SIGCHLD and SIGPIPE back from this process and gives a descriptor that tells of them.
base::Result<Fd> catch_signals();

struct Watched {
  pid_t program = 0;
  std::chrono::milliseconds stop_grace{0};  // between SIGTERM and SIGKILL
  std::chrono::milliseconds rest_grace{0};  // the same for what a program leaves behind that ended by itself
  const Fd& signals;                        // of catch_signals()
  const Fd* control = nullptr;              // where set: its end of file ends everything at once
  std::function<void()> on_ending{};        // called once, as soon as the end is near
  std::function<void()> now_and_then{};     // where set: called every quarter of a minute, and when nobody is left
};

// Returns the program's wait status when neither it nor any descendant is left, `setsid` ones included. SIGTERM asks:
// it goes to the program, and after the grace all are killed. SIGINT kills at once. When the program has ended, what it
// left is asked by SIGTERM and killed after the rest of the grace. Blocks for as long as it takes.
int watch_to_the_end(Watched watched);

// Sends `signal` to every descendant of this process.
void signal_descendants(int signal);

}  // namespace slipway::process
