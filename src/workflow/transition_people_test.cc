// Steps that wait for people: pauses, approvals, and calls of which nobody knows how they ended. Plans by hand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workflow/plan_fixture.h"

namespace slipway::workflow {
namespace {

using testing::HasSubstr;

TEST_F(TransitionKinds, a_pause_waits_for_resume_alone) {
  plan.steps = {step("Wait", Step::Kind::pause, {}, 1), step("After")};
  EXPECT_EQ(feed(Kind::start).wake_at, base::Time{});
  EXPECT_EQ(feed(Kind::resume).kind, Command::Kind::wait) << "the broker starts again";
  say(Signal::Kind::approve);
  EXPECT_EQ(refusal(), "execution 01890000-0000-7000-8000-000000000001 pauses at step Wait: resume it");
  EXPECT_EQ(say(Signal::Kind::resume).kind, Command::Kind::call);
  say(Signal::Kind::resume);
  EXPECT_EQ(refusal(), "execution 01890000-0000-7000-8000-000000000001 waits for nothing: it is running step After");
}

struct Approval : TransitionKinds {
  Approval() {
    plan.steps = {step("Ask", Step::Kind::approve,
                       {{"Approvers", {"arn:aws:iam::1:user/ann", "bob", "eve"}}, {"MinRequiredApprovals", 2}}, 1),
                  step("After")};
    feed(Kind::start);
  }
};

TEST_F(Approval, needs_enough_people_and_counts_each_once) {
  say(Signal::Kind::approve, "ann");
  say(Signal::Kind::approve, "ann");
  EXPECT_EQ(state.outputs.at("Ask").at("ApprovalStatus"), "Waiting");
  EXPECT_EQ(state.outputs.at("Ask").at("ApproverDecisions").as_array().size(), 1u);
  say(Signal::Kind::approve, "mallory");
  EXPECT_EQ(last.refusal->kind, base::ErrorKind::forbidden);
  EXPECT_EQ(say(Signal::Kind::approve, "bob").kind, Command::Kind::call);
  EXPECT_EQ(state.outputs.at("Ask").at("ApprovalStatus"), "Approved");
}

TEST_F(Approval, fails_by_one_rejection_also_of_somebody_who_approved_before) {
  say(Signal::Kind::approve, "ann");
  EXPECT_EQ(say(Signal::Kind::reject, "ann").kind, Command::Kind::end);
  EXPECT_EQ(state.status, Status::failed);
  EXPECT_EQ(state.outputs.at("Ask").at("ApprovalStatus"), "Rejected");
  say(Signal::Kind::approve, "bob");
  EXPECT_THAT(refusal(), HasSubstr("has ended as Failed"));
}

TEST_F(Approval, ends_as_timed_out_when_nobody_answers) {
  now = state.wake_at;
  feed(Kind::timer);
  EXPECT_EQ(state.status, Status::timed_out);
}

TEST_F(Approval, is_over_at_once_when_the_execution_is_cancelled) {
  ask_to_end(false);
  EXPECT_EQ(state.status, Status::cancelled);
}

struct Held : TransitionKinds {
  Held() {
    plan.steps = {step("Once", Step::Kind::action, {}, 1), step("After")};
    plan.steps[0].effect = EffectClass::unsafe;
    token = feed(Kind::start).token;
    feed(Kind::resume);
    EXPECT_EQ(state.waiting, Waiting::unknown_outcome);
  }
  std::string token;
};

TEST_F(Held, is_called_again_with_the_same_token) {
  EXPECT_EQ(say(Signal::Kind::retry).token, token);
  EXPECT_EQ(state.at.step, "Once");
}
TEST_F(Held, goes_on_without_outputs_when_it_is_skipped) {
  say(Signal::Kind::skip);
  EXPECT_EQ(state.at.step, "After");
}
TEST_F(Held, goes_on_with_the_outputs_that_somebody_found) {
  Event event;
  event.kind = Kind::signal;
  event.signal.kind = Signal::Kind::adopt;
  event.signal.outputs = {{"Id", "i-1"}};
  feed(event);
  EXPECT_EQ(state.at.step, "After");
  EXPECT_EQ(state.outputs.at("Once").at("Id"), "i-1");
}
TEST_F(Held, takes_no_outputs_that_could_not_be_read_again) {
  boost::json::value deep("x");
  for (int level = 0; level < 30; ++level) deep = boost::json::array{std::move(deep)};
  Event event;
  event.kind = Kind::signal;
  event.signal.kind = Signal::Kind::adopt;
  event.signal.outputs = {{"Id", deep}};
  feed(event);
  ASSERT_TRUE(last.refusal);
  EXPECT_EQ(last.refusal->code, "OutputTooLarge");
  EXPECT_EQ(state.waiting, Waiting::unknown_outcome);
}
TEST_F(Held, fails_when_somebody_says_so) {
  say(Signal::Kind::fail);
  EXPECT_EQ(state.status, Status::failed);
  EXPECT_EQ(state.failure->code, "FailedByOperator");
}

TEST_F(TransitionKinds, a_step_in_which_the_broker_ends_again_and_again_is_held) {
  plan.steps = {step("Kills")};
  feed(Kind::start);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(feed(Kind::resume).kind, Command::Kind::call);
  EXPECT_EQ(feed(Kind::resume).kind, Command::Kind::wait);
  EXPECT_EQ(state.waiting, Waiting::unknown_outcome);
  EXPECT_EQ(say(Signal::Kind::retry).kind, Command::Kind::call);
  EXPECT_EQ(feed(Kind::resume).kind, Command::Kind::call) << "it is counted anew";
}

}  // namespace
}  // namespace slipway::workflow
