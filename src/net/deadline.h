#pragma once
// Deadlines for outward waits: Boost 1.81 has no cancel_after, so this is the one place that races work with a timer.

#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "net/runtime.h"
#include "net/task.h"

namespace slipway::net {

using Deadline = std::chrono::steady_clock::time_point;

inline Deadline in(std::chrono::milliseconds duration) {
  return std::chrono::steady_clock::now() + duration;
}

// Runs `work` (an uncalled coroutine) to its end, or cancels it at `deadline` and returns when it has unwound: true
// where it ended by itself, false where the deadline ended it. Exceptions of `work` are rethrown; cancellation from
// outside is passed on to it.
boost::asio::awaitable<bool> finish_before(Runtime& runtime, Deadline deadline,
                                           std::function<boost::asio::awaitable<void>()> work);

// The same for a Task: its result, or timed_out with `message`. Work that ends at the last moment keeps its result.
template <class T>
Task<T> with_deadline(Runtime& runtime, Deadline deadline, std::string message, std::function<Task<T>()> work) {
  std::optional<base::Result<T>> result;
  co_await finish_before(runtime, deadline, [&]() -> boost::asio::awaitable<void> { result.emplace(co_await work()); });
  if (!result) co_return base::timed_out(std::move(message));
  co_return std::move(*result);
}

}  // namespace slipway::net
