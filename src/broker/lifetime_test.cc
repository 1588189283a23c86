#include "broker/lifetime.h"

#include <gtest/gtest.h>

namespace slipway::broker {
namespace {

using namespace std::chrono_literals;

base::Time at(std::chrono::milliseconds time) {
  return base::Time(time);
}

Environment living(Status status = Status::available) {
  Environment environment;
  environment.status = status;
  environment.created_at = environment.updated_at = at(0h);
  environment.expires_at = at(8h);
  return environment;
}

TimeToLive rule(EndAction action = EndAction::terminate) {
  TimeToLive time;
  time.warn = 1h;
  time.action = action;
  return time;
}

TEST(EndOfTime, is_warned_of_once_and_then_comes) {
  auto environment = living();
  EXPECT_EQ(end_step(environment, rule(), at(7h) - 1ms), EndStep::nothing);
  EXPECT_EQ(end_step(environment, rule(), at(7h)), EndStep::warn);
  environment.warned_at = at(7h);
  EXPECT_EQ(end_step(environment, rule(), at(8h) - 1ms), EndStep::nothing);
  EXPECT_EQ(end_step(environment, rule(), at(8h)), EndStep::end);
  // No broker ran over it.
  EXPECT_EQ(end_step(living(), rule(), at(100h)), EndStep::end);
}

TEST(EndOfTime, does_not_warn_again_nor_come_early_when_the_clock_is_set_back) {
  auto environment = living();
  environment.warned_at = at(7h);
  EXPECT_EQ(end_step(environment, rule(), at(6h + 30min)), EndStep::nothing);
  EXPECT_EQ(end_step(environment, rule(), at(7h + 30min)), EndStep::nothing);
}

TEST(EndOfTime, is_none_without_a_time_or_a_warning_to_give) {
  auto environment = living();
  environment.expires_at.reset();
  EXPECT_EQ(end_step(environment, rule(), at(100h)), EndStep::nothing);
  EXPECT_EQ(end_step(living(), TimeToLive{}, at(7h + 59min)), EndStep::nothing);
}

TEST(EndOfTime, terminates_whatever_is_not_ending_and_stops_what_can_be_stopped) {
  for (const auto status : {Status::pending, Status::available, Status::starting, Status::stopping, Status::stopped,
                            Status::starting_failed, Status::stopping_failed, Status::failed}) {
    EXPECT_EQ(end_step(living(status), rule(), at(9h)), EndStep::end) << to_string(status);
  }
  for (const auto status : {Status::terminating, Status::terminated, Status::terminating_failed}) {
    EXPECT_EQ(end_step(living(status), rule(), at(9h)), EndStep::nothing) << to_string(status);
  }
  EXPECT_EQ(end_step(living(), rule(EndAction::stop), at(9h)), EndStep::end);
  for (const auto status : {Status::pending, Status::stopped, Status::stopping, Status::failed}) {
    EXPECT_EQ(end_step(living(status), rule(EndAction::stop), at(9h)), EndStep::nothing) << to_string(status);
  }
}

TEST(Idleness, counts_from_the_last_activity_that_anybody_knows_of) {
  auto environment = living();
  const Activity quiet{.known = true};
  EXPECT_FALSE(is_idle(environment, 60min, quiet, true, at(59min)));
  EXPECT_TRUE(is_idle(environment, 60min, quiet, true, at(60min)));
  environment.last_active_at = at(2h);
  EXPECT_FALSE(is_idle(environment, 60min, quiet, true, at(2h + 59min)));
  EXPECT_TRUE(is_idle(environment, 60min, quiet, true, at(3h)));
  EXPECT_FALSE(is_idle(environment, 60min, {.known = true, .last = at(2h + 30min)}, true, at(3h)));
  EXPECT_FALSE(is_idle(environment, 60min, {.known = true, .busy = true}, true, at(9h)));
  // It was started again: what was before does not count.
  environment.updated_at = at(5h);
  EXPECT_FALSE(is_idle(environment, 60min, quiet, true, at(5h + 59min)));
}

TEST(Idleness, unknown_activity_and_zero_minutes_stop_nothing) {
  EXPECT_FALSE(is_idle(living(), 60min, {}, true, at(100h)));
  EXPECT_FALSE(is_idle(living(), 0min, {.known = true}, true, at(100h)));
}

TEST(Idleness, a_source_that_lies_stops_nothing_early_and_keeps_nothing_in_the_future) {
  auto environment = living();
  environment.last_active_at = at(5h);
  // Long ago: what was seen before stands.
  EXPECT_FALSE(is_idle(environment, 60min, {.known = true, .last = at(-1000h)}, true, at(5h + 59min)));
  EXPECT_EQ(last_active(environment, {.known = true, .last = at(9999h)}, at(6h)), at(6h));
}

TEST(Idleness, right_after_a_start_only_a_source_that_tells_times_is_believed) {
  EXPECT_FALSE(is_idle(living(), 60min, {.known = true}, false, at(100h)));
  EXPECT_TRUE(is_idle(living(), 60min, {.known = true, .last = at(1h)}, false, at(100h)));
}

TEST(Idleness, only_what_is_available_is_idle) {
  for (const auto status : {Status::pending, Status::stopping, Status::stopped, Status::terminating}) {
    EXPECT_FALSE(is_idle(living(status), 60min, {.known = true}, true, at(100h))) << to_string(status);
  }
}

TEST(ClockStep, is_what_passed_on_the_wall_beyond_what_passed) {
  EXPECT_EQ(clock_step(30s, 30s), 0ms);
  EXPECT_EQ(clock_step(59s, 0s), 0ms);
  EXPECT_EQ(clock_step(1h + 30s, 30s), 1h);
  EXPECT_EQ(clock_step(-1h + 30s, 30s), -1h);
}

}  // namespace
}  // namespace slipway::broker
