#pragma once
// Coroutines that together do the work of the one that waits for them, such as the two ways of a connection.

#include <functional>
#include <string>
#include <vector>

#include "net/runtime.h"

namespace slipway::net {

struct NamedTask {
  std::string name;
  std::function<boost::asio::awaitable<void>()> run;  // uncalled
};

// Spawns `tasks` into `members`, by which they can end each other, and returns when no member is left. They may look
// into the frame of who waits: a cancellation of it is theirs, and is thrown here when they have ended; where it was
// cancelled before, none begins.
boost::asio::awaitable<void> run_together(TaskGroup& members, std::vector<NamedTask> tasks);

}  // namespace slipway::net
