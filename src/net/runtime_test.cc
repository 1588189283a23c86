#include "net/runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <latch>
#include <stdexcept>
#include <thread>
#include <vector>

namespace slipway::net {
namespace {

using base::Result;
using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;

template <class T>
using Awaitable = boost::asio::awaitable<T>;

struct NetRuntime : testing::Test {
  // A wait that only cancellation ends.
  Awaitable<void> for_ever() { return sleep_for(runtime, 24h); }

  Runtime runtime;
  std::vector<std::string> log;
};

struct NetTaskGroup : NetRuntime {
  // Runs what is ready; then whatever still waits, waits for something else.
  void settle() {
    run_to_end(runtime, [this]() -> Awaitable<void> {
      for (int turn = 0; turn < 10; ++turn) {
        co_await suspend_until(runtime, [](std::function<void()> resume) { resume(); });
      }
    });
  }
  void join() {
    run_to_end(runtime, [this] { return group.join(); });
  }

  std::vector<std::string> reports;
  TaskGroup group{runtime, [this](std::string_view name, std::string_view what) {
                    reports.push_back(std::string(name) + ": " + std::string(what));
                  }};
};

TEST_F(NetRuntime, posted_work_runs_in_order_on_the_thread_that_runs_the_loop) {
  std::thread::id ran_on;
  for (int i = 0; i < 3; ++i) runtime.post([this, i] { log.push_back(std::to_string(i)); });
  runtime.post([&] {
    ran_on = std::this_thread::get_id();
    runtime.stop();
  });
  runtime.run();
  EXPECT_EQ(log, (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST_F(NetRuntime, another_thread_stops_it_and_twice_is_harmless) {
  std::latch started(1);
  std::thread stopper([&] {
    started.wait();
    runtime.stop();
    runtime.stop();
  });
  runtime.post([&] { started.count_down(); });
  runtime.run();
  stopper.join();
}

TEST_F(NetRuntime, stop_before_run_ends_that_run_at_once_and_a_later_run_runs_again) {
  runtime.stop();
  runtime.run();
  runtime.post([this] {
    log.push_back("ran");
    runtime.stop();
  });
  runtime.run();
  EXPECT_EQ(log, std::vector<std::string>{"ran"});
}

TEST_F(NetRuntime, an_exception_that_escapes_a_handler_leaves_run) {
  runtime.post([] { throw std::logic_error("bug"); });
  EXPECT_THROW(runtime.run(), std::logic_error);
}

TEST_F(NetRuntime, blocking_work_runs_elsewhere_and_its_result_comes_back_to_the_io_thread) {
  std::thread::id worked_on, resumed_on;
  auto result = run_to_end(runtime, [&]() -> Task<int> {
    int value = CO_TRY(co_await run_blocking<int>(runtime, [&]() -> Result<int> {
      worked_on = std::this_thread::get_id();
      return 42;
    }));
    resumed_on = std::this_thread::get_id();
    co_return value;
  });
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, 42);
  EXPECT_NE(worked_on, std::this_thread::get_id());
  EXPECT_EQ(resumed_on, std::this_thread::get_id());
}

TEST_F(NetRuntime, errors_and_exceptions_of_blocking_work_reach_the_caller) {
  auto refused = run_to_end(runtime, [&] {
    return run_blocking<int>(runtime, []() -> Result<int> { return base::not_found("no such file"); });
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::ErrorKind::not_found);

  auto throwing = [&] { return run_blocking<int>(runtime, []() -> Result<int> { throw std::runtime_error("bug"); }); };
  EXPECT_THROW((void)run_to_end(runtime, throwing), std::runtime_error);
}

TEST_F(NetRuntime, suspend_until_goes_on_when_resumed_inside_start_or_from_another_thread) {
  std::thread other;
  run_to_end(runtime, [&]() -> Awaitable<void> {
    co_await suspend_until(runtime, [](std::function<void()> resume) { resume(); });
    co_await suspend_until(runtime, [&](std::function<void()> resume) { other = std::thread(std::move(resume)); });
  });
  other.join();
}

TEST_F(NetRuntime, what_still_waits_is_destroyed_with_the_runtime) {
  auto witness = std::make_shared<int>();
  std::function<void()> kept;
  auto run = [&] {
    Runtime own;
    TaskGroup group(own);
    group.spawn("waits for a resume", [&, witness]() -> Awaitable<void> {
      co_await suspend_until(own, [&](std::function<void()> resume) { kept = std::move(resume); });
    });
    group.spawn("sleeps", [&, witness]() -> Awaitable<void> { co_await sleep_for(own, 24h); });
    group.spawn("fails", [&]() -> Awaitable<void> {
      own.post([&] {
        kept = nullptr;  // nobody can resume the first any more
        throw std::logic_error("bug");
      });
      co_return;
    });
    own.run();
  };
  EXPECT_THROW(run(), std::logic_error);
  EXPECT_EQ(witness.use_count(), 1);
}

TEST_F(NetTaskGroup, members_begin_in_a_later_turn_and_join_waits_for_all) {
  run_to_end(runtime, [&]() -> Awaitable<void> {
    for (int i = 0; i < 3; ++i) {
      group.spawn("worker", [this, i]() -> Awaitable<void> {
        (void)co_await run_blocking<int>(runtime, []() -> Result<int> { return 0; });
        log.push_back("worker " + std::to_string(i));
      });
    }
    EXPECT_TRUE(log.empty());
    co_await group.join();
  });
  EXPECT_EQ(log.size(), 3u);
  EXPECT_TRUE(group.empty());
}

TEST_F(NetTaskGroup, join_of_an_empty_group_returns_and_several_may_join_one_group) {
  join();
  group.spawn("short", [this]() -> Awaitable<void> { co_await sleep_for(runtime, 0ms); });
  run_to_end(runtime, [&]() -> Awaitable<void> {
    TaskGroup joiners(runtime);
    for (int i = 0; i < 2; ++i) {
      joiners.spawn("joiner", [this]() -> Awaitable<void> {
        co_await group.join();
        log.push_back("joined");
      });
    }
    co_await joiners.join();
  });
  EXPECT_EQ(log.size(), 2u);
}

TEST_F(NetTaskGroup, cancel_ends_a_wait_with_operation_aborted_and_is_not_reported) {
  group.spawn("sleeper", [this]() -> Awaitable<void> {
    try {
      co_await for_ever();
    } catch (const boost::system::system_error& error) {
      log.push_back(error.code() == boost::asio::error::operation_aborted ? "aborted" : error.what());
      throw;
    }
  });
  settle();
  EXPECT_FALSE(group.empty());
  group.cancel();
  group.cancel();
  join();
  EXPECT_EQ(log, std::vector<std::string>{"aborted"});
  EXPECT_TRUE(reports.empty());
}

TEST_F(NetTaskGroup, a_cancelled_wait_for_the_pool_ends_first_and_the_next_wait_throws) {
  std::latch begun(1), finish(1);
  group.spawn("worker", [&]() -> Awaitable<void> {
    auto result = co_await run_blocking<int>(runtime, [&]() -> Result<int> {
      begun.count_down();
      finish.wait();
      return 7;
    });
    log.push_back("result " + std::to_string(*result));
    co_await sleep_for(runtime, 0ms);
    log.push_back("not reached");
  });
  settle();
  begun.wait();
  group.cancel();
  settle();
  EXPECT_FALSE(group.empty());
  finish.count_down();
  join();
  EXPECT_EQ(log, std::vector<std::string>{"result 7"});
}

TEST_F(NetTaskGroup, a_member_cancelled_before_it_began_never_runs) {
  auto body = [this]() -> Awaitable<void> {
    log.push_back("ran");
    co_return;
  };
  group.spawn("before the loop runs", body);
  group.cancel();
  run_to_end(runtime, [&]() -> Awaitable<void> {
    group.spawn("inside the loop", body);
    group.cancel();
    co_await group.join();
  });
  EXPECT_TRUE(log.empty());
  EXPECT_TRUE(reports.empty());
}

TEST_F(NetTaskGroup, a_member_that_cancels_its_own_group_ends_at_its_next_wait) {
  group.spawn("suicidal", [this]() -> Awaitable<void> {
    group.cancel();
    log.push_back("goes on");
    co_await for_ever();
  });
  group.spawn("ends without a wait", [this]() -> Awaitable<void> {
    group.cancel();
    co_return;
  });
  join();
  EXPECT_EQ(log, std::vector<std::string>{"goes on"});
  EXPECT_TRUE(reports.empty());
}

TEST_F(NetTaskGroup, a_member_spawned_after_cancel_runs) {
  group.cancel();
  group.spawn("later", [this]() -> Awaitable<void> {
    co_await sleep_for(runtime, 0ms);
    log.push_back("ran");
  });
  join();
  EXPECT_EQ(log, std::vector<std::string>{"ran"});
}

TEST_F(NetTaskGroup, an_exception_is_reported_with_the_name_and_the_others_go_on) {
  group.spawn("broken", [this]() -> Awaitable<void> {
    co_await sleep_for(runtime, 0ms);
    throw std::runtime_error("bug");
  });
  group.spawn("odd", []() -> Awaitable<void> {
    throw 42;
    co_return;
  });
  group.spawn("aborted by nobody", []() -> Awaitable<void> {
    throw boost::system::system_error(boost::asio::error::operation_aborted);
    co_return;
  });
  group.spawn("well", [this]() -> Awaitable<void> {
    co_await sleep_for(runtime, 1ms);
    log.push_back("well");
  });
  join();
  EXPECT_EQ(log, std::vector<std::string>{"well"});
  ASSERT_EQ(reports.size(), 3u);
  EXPECT_EQ(reports[0], "odd: not a std::exception");
  EXPECT_THAT(reports[1], testing::StartsWith("aborted by nobody: Operation canceled"));
  EXPECT_EQ(reports[2], "broken: bug");
}

TEST_F(NetTaskGroup, captures_live_as_long_as_the_task_and_no_longer_than_join) {
  auto witness = std::make_shared<int>(1);
  group.spawn("holder", [this, witness]() -> Awaitable<void> {
    co_await sleep_for(runtime, 0ms);
    EXPECT_EQ(*witness, 1);
  });
  EXPECT_EQ(witness.use_count(), 2);
  join();
  EXPECT_EQ(witness.use_count(), 1);
}

TEST_F(NetTaskGroup, many_members_are_cancelled_at_once) {
  int ended = 0;
  for (int i = 0; i < 1000; ++i) {
    group.spawn("sleeper", [this, &ended]() -> Awaitable<void> {
      struct Count {
        int& counter;
        ~Count() { ++counter; }
      } count{ended};
      co_await for_ever();
    });
  }
  settle();
  group.cancel();
  join();
  EXPECT_EQ(ended, 1000);
}

TEST(NetTaskGroupDeathTest, a_group_destroyed_while_a_task_runs_is_a_bug_and_says_whose) {
  auto destroy = [] {
    Runtime runtime;
    TaskGroup group(runtime);
    group.spawn("forgotten", [&]() -> Awaitable<void> { co_await sleep_for(runtime, 24h); });
  };
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(destroy(), "task forgotten runs");
}

TEST_F(NetRuntime, run_to_end_rethrows) {
  auto throwing = [this]() -> Awaitable<void> {
    co_await sleep_for(runtime, 0ms);
    throw std::runtime_error("bug");
  };
  EXPECT_THROW(run_to_end(runtime, throwing), std::runtime_error);
}

}  // namespace
}  // namespace slipway::net
