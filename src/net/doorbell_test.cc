#include "net/doorbell.h"

#include <gtest/gtest.h>

namespace slipway::net {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""h;
using Awaitable = boost::asio::awaitable<void>;

struct Ringing : testing::Test {
  void run(std::function<Awaitable()> task) { run_to_end(runtime, std::move(task)); }

  Runtime runtime;
  Doorbell bell{runtime};
};

TEST_F(Ringing, ARingBeforeTheWaitIsNotLostAndManyAreOne) {
  bell.ring();
  bell.ring();
  run([&]() -> Awaitable { EXPECT_TRUE(co_await bell.wait_until(in(1h))); });
  run([&]() -> Awaitable { EXPECT_FALSE(co_await bell.wait_until(in(1ms))); });
}

TEST_F(Ringing, ARingEndsTheWait) {
  runtime.post([&] { bell.ring(); });
  run([&]() -> Awaitable { EXPECT_TRUE(co_await bell.wait_until(in(1h))); });
}

}  // namespace
}  // namespace slipway::net
