#pragma once
// Waiting for coroutines that together do the work of the one that waits, such as the two ways of a connection.

#include "net/runtime.h"

namespace slipway::net {

// Returns when no member is left, as TaskGroup::join. A cancellation of the waiting coroutine is theirs, and is thrown
// here when they have ended.
boost::asio::awaitable<void> join_own(TaskGroup& members);

}  // namespace slipway::net
