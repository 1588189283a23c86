#pragma once
// Waiting for descriptors and for children on the I/O loop. For the broker's side of this folder.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>

#include "net/runtime.h"
#include "process/fd.h"

namespace slipway::process {

// Suspends until `fd` (a socket, pipe, pidfd or epoll descriptor, borrowed) can be read or has ended. False: `timeout`
// came first. Cancellation unwinds as an exception.
boost::asio::awaitable<bool> readable(net::Runtime& runtime, const Fd& fd,
                                      std::optional<std::chrono::milliseconds> timeout = std::nullopt);

// Buries a child of this process when it ends, as long as the loop runs; nobody has to wait for it. `pidfd` is
// borrowed.
void bury_at_end(net::Runtime& runtime, const Fd& pidfd);

// Buries the child now if it has ended and nobody has done so yet.
void bury(const Fd& pidfd);

}  // namespace slipway::process
