#include "net/join.h"

#include <gtest/gtest.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>

namespace slipway::net {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;

class JoinTest : public ::testing::Test {
 protected:
  // Does its work with two members that never end by themselves, after a wait that cannot be cancelled.
  awaitable<void> work() {
    co_await suspend_until(runtime_, [this](std::function<void()> resume) { resume_ = std::move(resume); });
    TaskGroup members(runtime_);
    std::vector<NamedTask> tasks(2, {"member", [this] { return member(); }});
    try {
      co_await run_together(members, std::move(tasks));
    } catch (const boost::system::system_error& error) {
      cancelled_ = error.code() == boost::asio::error::operation_aborted;
      left_ = !members.empty();
      throw;
    }
  }
  awaitable<void> member() {
    ++begun_;
    co_await sleep_for(runtime_, 24h);
  }
  // Lets everything come that needs no time.
  awaitable<void> settle() {
    for (int turns = 0; turns < 20; ++turns) co_await sleep_for(runtime_, 0ms);
  }

  Runtime runtime_;
  std::function<void()> resume_;
  int begun_ = 0;
  bool cancelled_ = false;
  bool left_ = false;
};

TEST_F(JoinTest, ACancellationBeforeItBeginsLetsNoMemberBegin) {
  TaskGroup group(runtime_);
  group.spawn("work", [this] { return work(); });
  run_to_end(runtime_, [&]() -> awaitable<void> {
    co_await settle();
    group.cancel();
    resume_();
    co_await group.join();
    co_await settle();
  });
  EXPECT_TRUE(cancelled_);
  EXPECT_EQ(begun_, 0);
  EXPECT_FALSE(left_);
}

TEST_F(JoinTest, ACancellationMeanwhileIsThrownWhenTheMembersHaveEnded) {
  TaskGroup group(runtime_);
  group.spawn("work", [this] { return work(); });
  run_to_end(runtime_, [&]() -> awaitable<void> {
    co_await settle();
    resume_();
    co_await settle();
    group.cancel();
    co_await group.join();
  });
  EXPECT_TRUE(cancelled_);
  EXPECT_EQ(begun_, 2);
  EXPECT_FALSE(left_);
}

TEST_F(JoinTest, MembersMayEndEachOther) {
  TaskGroup members(runtime_);
  run_to_end(runtime_, [&]() -> awaitable<void> {
    std::vector<NamedTask> tasks{{"hangs", [this] { return member(); }}, {"ends", [&]() -> awaitable<void> {
                                                                            members.cancel();
                                                                            co_return;
                                                                          }}};
    co_await run_together(members, std::move(tasks));
  });
  EXPECT_TRUE(members.empty());
}

}  // namespace
}  // namespace slipway::net
