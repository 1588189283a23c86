#include "net/runtime.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace slipway::net {

namespace asio = boost::asio;

// The pool comes last, so that it ends first: what it runs may still post to the loop.
struct Runtime::Impl {
  explicit Impl(int pool_threads) : pool(static_cast<std::size_t>(pool_threads)) {}

  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
  asio::thread_pool pool;
};

Runtime::Runtime(int pool_threads) : impl_(std::make_unique<Impl>(pool_threads)) {}

Runtime::~Runtime() = default;

asio::io_context& Runtime::io() {
  return impl_->io;
}

void Runtime::run() {
  impl_->io.run();
  impl_->io.restart();
}

void Runtime::stop() {
  impl_->io.stop();
}

void Runtime::post(std::function<void()> work) {
  asio::post(impl_->io, std::move(work));
}

void Runtime::post_blocking(std::function<void()> work) {
  asio::post(impl_->pool, std::move(work));
}

asio::awaitable<void> sleep_for(Runtime& runtime, std::chrono::milliseconds duration) {
  asio::steady_timer timer(runtime.io(), duration);
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> suspend_until(Runtime& runtime, std::function<void(std::function<void()> resume)> start) {
  auto initiate = [&runtime, &start](auto handler) {
    // The last copy of `resume` may die on another thread: what continues the coroutine is moved out on this one.
    auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
    start([waiting, &runtime] {
      runtime.post([waiting] {
        auto handler = std::move(*waiting);
        std::move(handler)();
      });
    });
  };
  co_await asio::async_initiate<decltype(asio::use_awaitable), void()>(std::move(initiate), asio::use_awaitable);
}

}  // namespace slipway::net
