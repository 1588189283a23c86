#include "net/deadline.h"

#include <gtest/gtest.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

namespace slipway::net {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;

class DeadlineTest : public ::testing::Test {
 protected:
  Runtime runtime_;
  bool unwound_ = false;

  // Waits for a day, and notes when it is ended before that.
  awaitable<void> wait_for_ever() {
    struct Note {
      bool& flag;
      ~Note() { flag = true; }
    } note{unwound_};
    co_await sleep_for(runtime_, 24h);
  }
};

TEST_F(DeadlineTest, LeavesWorkAloneThatEndsInTime) {
  const auto result = run_to_end(
      runtime_, [&] { return with_deadline<int>(runtime_, in(1h), "late", []() -> Task<int> { co_return 42; }); });
  EXPECT_EQ(*result, 42);
}

TEST_F(DeadlineTest, KeepsTheErrorOfTheWork) {
  const auto result = run_to_end(runtime_, [&] {
    return with_deadline<int>(runtime_, in(1h), "late", []() -> Task<int> { co_return base::not_found("gone"); });
  });
  EXPECT_EQ(result.error().message, "gone");
}

TEST_F(DeadlineTest, EndsWorkThatIsLate) {
  const auto result = run_to_end(runtime_, [&] {
    return with_deadline<int>(runtime_, in(1ms), "late", [&]() -> Task<int> {
      co_await wait_for_ever();
      co_return 1;
    });
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, base::ErrorKind::timed_out);
  EXPECT_EQ(result.error().message, "late");
  EXPECT_TRUE(unwound_) << "it returns only when the work is over";
}

TEST_F(DeadlineTest, EndsWorkWhoseDeadlineIsOverAlready) {
  EXPECT_FALSE(run_to_end(runtime_, [&] { return finish_before(runtime_, in(-1s), [&] { return wait_for_ever(); }); }));
}

TEST_F(DeadlineTest, HandsExceptionsOn) {
  const auto fails = [&] {
    return finish_before(runtime_, in(1h), []() -> awaitable<void> {
      throw std::logic_error("bug");
      co_return;
    });
  };
  EXPECT_THROW(run_to_end(runtime_, fails), std::logic_error);
}

TEST_F(DeadlineTest, HandsACancellationFromOutsideOn) {
  bool saw_abort = false;
  run_to_end(runtime_, [&]() -> awaitable<void> {
    TaskGroup group(runtime_);
    group.spawn("waits", [&]() -> awaitable<void> {
      try {
        co_await finish_before(runtime_, in(1h), [&] { return wait_for_ever(); });
      } catch (const boost::system::system_error& error) {
        saw_abort = error.code() == boost::asio::error::operation_aborted;
        throw;
      }
    });
    for (int turn = 0; turn < 10; ++turn) {
      co_await suspend_until(runtime_, [](std::function<void()> resume) { resume(); });
    }
    group.cancel();
    co_await group.join();
  });
  EXPECT_TRUE(saw_abort);
  EXPECT_TRUE(unwound_);
}

TEST_F(DeadlineTest, NestsWithTheInnerDeadlineFirst) {
  const auto result = run_to_end(runtime_, [&] {
    return with_deadline<int>(runtime_, in(1h), "outer", [&] {
      return with_deadline<int>(runtime_, in(1ms), "inner", [&]() -> Task<int> {
        co_await wait_for_ever();
        co_return 1;
      });
    });
  });
  EXPECT_EQ(result.error().message, "inner");
}

TEST_F(DeadlineTest, NestsWithTheOuterDeadlineFirst) {
  const auto result = run_to_end(runtime_, [&] {
    return with_deadline<int>(runtime_, in(1ms), "outer", [&] {
      return with_deadline<int>(runtime_, in(1h), "inner", [&]() -> Task<int> {
        co_await wait_for_ever();
        co_return 1;
      });
    });
  });
  EXPECT_EQ(result.error().message, "outer");
}

}  // namespace
}  // namespace slipway::net
