#pragma once
// The one I/O thread and the small pool beside it. All broker state lives on the I/O thread; whatever blocks (files,
// scans, library calls that wait) runs in the pool and its result comes back to the I/O thread.
// Used by every folder that waits. Knows no HTTP.

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "net/task.h"

namespace boost::asio {
class io_context;
}

namespace slipway::net {

class Runtime {
 public:
  // `pool_threads`: how many blocking calls run at once.
  explicit Runtime(int pool_threads = 4);
  ~Runtime();

  boost::asio::io_context& io();
  // Runs the loop on the calling thread, which becomes the I/O thread, until stop(). An exception that escapes a
  // handler is a bug and leaves run(). May be called again afterwards; a stop() before run() ends that run at once.
  void run();
  // Ends run() soon; from any thread, also from a signal handler's continuation. Twice is harmless. Tasks that still
  // wait stay where they are: cancel and join their groups first.
  void stop();

  // Runs `work` on the I/O thread, in the order posted. From any thread.
  void post(std::function<void()> work);
  // Runs `work` on a pool thread. From any thread.
  void post_blocking(std::function<void()> work);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Suspends for `duration`. Cancellation unwinds as an exception.
boost::asio::awaitable<void> sleep_for(Runtime& runtime, std::chrono::milliseconds duration);

// Suspends until `resume` is called (once, from any thread; it may be called inside `start`) and goes on on the I/O
// thread. Not cancelled from outside: whoever holds `resume` calls it.
boost::asio::awaitable<void> suspend_until(Runtime& runtime, std::function<void(std::function<void()> resume)> start);

// Runs `work` in the pool and comes back to the I/O thread with its result. An exception in `work` is rethrown here.
// The work always runs to its end, also when the waiting task is cancelled.
template <class T>
Task<T> run_blocking(Runtime& runtime, std::function<base::Result<T>()> work) {
  std::optional<base::Result<T>> result;
  std::exception_ptr thrown;
  co_await suspend_until(runtime, [&](std::function<void()> resume) {
    runtime.post_blocking([&, resume = std::move(resume)] {
      try {
        result.emplace(work());
      } catch (...) {
        thrown = std::current_exception();
      }
      resume();
    });
  });
  if (thrown) std::rethrow_exception(thrown);
  co_return std::move(*result);
}

// Runs `task` (an uncalled coroutine) to its end on the calling thread; an exception is rethrown. For a program or a
// test with one thing to do. Other tasks of the runtime go on meanwhile, and rest when it returns.
void run_to_end(Runtime& runtime, std::function<boost::asio::awaitable<void>()> task);

// The same for a coroutine with a result: `auto status = run_to_end(runtime, [&] { return supervisors.stop(folder);
// });`
template <class F>
auto run_to_end(Runtime& runtime, F task) -> typename std::invoke_result_t<F>::value_type
  requires(!std::is_void_v<typename std::invoke_result_t<F>::value_type>)
{
  std::optional<typename std::invoke_result_t<F>::value_type> result;
  run_to_end(runtime, std::function<boost::asio::awaitable<void>()>(
                          [&]() -> boost::asio::awaitable<void> { result.emplace(co_await task()); }));
  return std::move(*result);
}

// A set of running coroutines that can be cancelled and waited for. Nothing runs detached: an exception that ends a
// member is reported with its name. On the I/O thread, or while the loop does not run.
class TaskGroup {
 public:
  using Reporter = std::function<void(std::string_view name, std::string_view exception)>;

  // `reporter`: where a member's exception goes; without one, to the log.
  explicit TaskGroup(Runtime& runtime, Reporter reporter = {});
  ~TaskGroup();  // requires empty()

  // Starts `task` (uncalled, taken by move, so that its captures live as long as its frame). It begins in a later turn
  // of the loop, never inside spawn().
  void spawn(std::string name, std::function<boost::asio::awaitable<void>()> task);
  // Asks every present member to end: its current wait throws operation_aborted, and so does each later one. A wait
  // that cannot be cancelled (suspend_until and what stands on it) ends first. A member that has not begun never does.
  void cancel();
  // Returns when no member is left, with everything that a member owned destroyed. Not cancelled from outside.
  boost::asio::awaitable<void> join();
  bool empty() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace slipway::net
