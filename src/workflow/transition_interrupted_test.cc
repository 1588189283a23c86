// Executions that are interrupted: by a cancel, and by the end of a broker.

#include <gtest/gtest.h>

#include "workflow/transition_fixture.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = Event::Kind;

// --- cancellation

const std::string kCancellable =
    document(step("A", "onCancel: step:Clean, isEnd: true") + step("Clean", "maxAttempts: 3") + step("Last"));

TEST(Transition, a_cancel_before_the_start_ends_it) {
  Driver driver(kCancellable);
  EXPECT_EQ(driver.feed(Kind::cancel).kind, Command::Kind::end);
  EXPECT_EQ(driver.status(), Status::cancelled);
  EXPECT_THAT(driver.journal, ElementsAre("Ended "));
}

TEST(Transition, a_cancel_runs_the_chain_behind_on_cancel) {
  Driver driver(kCancellable);
  driver.feed(Kind::start);
  EXPECT_EQ(driver.feed(Kind::cancel).step->name, "Clean");
  EXPECT_EQ(driver.status(), Status::cancelling);
  EXPECT_EQ(driver.state.steps.at("A").status, Status::cancelled);
  EXPECT_EQ(driver.last.effects[0].state, "ambiguous") << "the call may have done its work";
  EXPECT_EQ(driver.feed(Kind::cancel).kind, Command::Kind::nothing) << "a second cancel does not stop the chain";
  driver.succeed();
  EXPECT_EQ(driver.state.at.step, "Last");
  driver.succeed();
  EXPECT_EQ(driver.status(), Status::cancelled);
}

TEST(Transition, a_chain_that_fails_still_ends_cancelled) {
  Driver driver(kCancellable);
  driver.feed(Kind::start);
  driver.feed(Kind::cancel);
  driver.fail(base::ErrorKind::invalid);
  EXPECT_EQ(driver.status(), Status::cancelled);
}

TEST(Transition, a_chain_lasts_120_seconds_at_most) {
  Driver driver(kCancellable);
  driver.feed(Kind::start);
  driver.feed(Kind::cancel);
  EXPECT_EQ(driver.state.at.deadline, kNoon + 120s) << "not the action's hour";
  driver.now += 119s;
  driver.fail();
  EXPECT_LE(driver.state.wake_at, kNoon + 120s);
  driver.now = kNoon + 120s;
  driver.feed(Kind::timer);
  EXPECT_EQ(driver.status(), Status::cancelled);
  Driver late(kCancellable);
  late.feed(Kind::start);
  late.feed(Kind::cancel);
  late.now += 120s;
  late.time_out();
  EXPECT_EQ(late.status(), Status::cancelled);
}

TEST(Transition, a_success_that_comes_with_the_cancel_is_recorded_and_then_cancelled) {
  Driver driver(kCancellable);
  driver.feed(Kind::start);
  driver.state.cancel = CancelRequest{driver.now, "me"};
  EXPECT_EQ(driver.succeed({{"Id", "i-1"}}).step->name, "Clean");
  EXPECT_EQ(driver.state.steps.at("A").status, Status::success);
  EXPECT_EQ(json::serialize(driver.state.outputs), R"({"A":{"Id":"i-1"}})") << "the chain must know what was made";
}

TEST(Transition, a_cancel_during_a_sleep_or_a_retry_is_immediate) {
  Driver sleeping(document(step("A", "inputs: {Duration: PT1H}", "aws:sleep")));
  sleeping.feed(Kind::start);
  EXPECT_EQ(sleeping.feed(Kind::cancel).kind, Command::Kind::end);
  EXPECT_EQ(sleeping.status(), Status::cancelled);
  Driver retrying(document(step("A", "maxAttempts: 2")));
  retrying.feed(Kind::start);
  retrying.fail(base::ErrorKind::conflict);
  EXPECT_EQ(retrying.feed(Kind::cancel).kind, Command::Kind::end);
  EXPECT_THAT(retrying.last.effects, IsEmpty()) << "nothing was in flight";
}

TEST(Transition, no_attempt_follows_once_a_cancel_was_asked_for) {
  Driver driver(document(step("A", "maxAttempts: 5")));
  driver.feed(Kind::start);
  driver.state.cancel = CancelRequest{driver.now, "me"};
  EXPECT_EQ(driver.fail().kind, Command::Kind::end);
  EXPECT_EQ(driver.status(), Status::cancelled);
}

// --- after a crash

TEST(Transition, a_call_in_flight_is_repeated_with_the_same_token_but_not_an_unsafe_one) {
  for (const auto* action : {"local:do", "local:read", "local:natural", "local:token"}) {
    Driver driver(document(step("A", "", action)));
    const auto first = driver.feed(Kind::start);
    const auto again = driver.feed(Kind::resume);
    EXPECT_EQ(again.kind, Command::Kind::call) << action;
    EXPECT_EQ(again.token, first.token) << action;
    EXPECT_EQ(driver.state.at.attempt, 1) << action;
    EXPECT_EQ(driver.state.at.sends, 2) << action;
    EXPECT_EQ(driver.journal.back(), "Takeover A") << action;
  }
  Driver held(document(step("A", "", "local:unsafe")));
  held.feed(Kind::start);
  EXPECT_EQ(held.feed(Kind::resume).kind, Command::Kind::wait);
  EXPECT_EQ(held.state.waiting, Waiting::unknown_outcome);
  EXPECT_EQ(held.last.effects[0].state, "held");
  EXPECT_EQ(held.feed(Kind::resume).kind, Command::Kind::wait) << "and stays so";
  EXPECT_EQ(held.feed(Kind::timer).kind, Command::Kind::nothing);
  EXPECT_EQ(held.feed(Kind::cancel).kind, Command::Kind::end);
}

TEST(Transition, an_unsafe_call_is_repeated_where_the_author_allowed_attempts) {
  Driver driver(document(step("A", "maxAttempts: 2", "local:unsafe")));
  driver.feed(Kind::start);
  EXPECT_EQ(driver.feed(Kind::resume).kind, Command::Kind::wait);
  EXPECT_EQ(driver.state.waiting, Waiting::retry);
  EXPECT_EQ(driver.wake().kind, Command::Kind::call);
  EXPECT_EQ(driver.feed(Kind::resume).kind, Command::Kind::wait);
  EXPECT_EQ(driver.state.waiting, Waiting::unknown_outcome) << "no attempt is left";
}

TEST(Transition, a_deadline_that_passed_meanwhile_is_a_time_out) {
  Driver driver(document(step("A", "timeoutSeconds: 10")));
  driver.feed(Kind::start);
  driver.now += 10s;
  driver.feed(Kind::resume);
  EXPECT_EQ(driver.status(), Status::timed_out);
}

TEST(Transition, what_had_not_started_starts_and_what_was_cancelled_is_cancelled) {
  Driver pending(document(step("A")));
  EXPECT_EQ(pending.feed(Kind::resume).kind, Command::Kind::call);
  Driver cancelled(kCancellable);
  cancelled.feed(Kind::start);
  cancelled.state.cancel = CancelRequest{cancelled.now, "me"};
  EXPECT_EQ(cancelled.feed(Kind::resume).step->name, "Clean");
}

}  // namespace
}  // namespace slipway::workflow
