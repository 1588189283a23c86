// Steps that are executions of their own. Plans by hand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workflow/plan_fixture.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using testing::HasSubstr;

struct Child : TransitionKinds {
  Child() {
    plan.steps = {
        step("Run", Step::Kind::child,
             {{"DocumentName", "arn:aws:ssm:local:1:document/inner"}, {"RuntimeParameters", {{"Size", 3}}}}, 1),
        step("After")};
  }
};

TEST_F(Child, is_started_by_the_commit_that_enters_the_step) {
  feed(Kind::start);
  ASSERT_TRUE(last.child);
  EXPECT_EQ(last.child->id.str(), state.child);
  EXPECT_EQ(last.child->parameters.at("Size"), 3);
  EXPECT_EQ(transition(plan, identity, State{},
                       Event{.kind = Kind::start,
                             .now = now,
                             .of = {},
                             .outputs = {},
                             .error = {},
                             .by = {},
                             .child = {},
                             .signal = {}},
                       documents)
                .child->id,
            last.child->id)
      << "it follows from the token";
  EXPECT_EQ(child_ends(Status::success, {"a", "b"}).kind, Command::Kind::call);
  EXPECT_EQ(state.outputs.at("Run").at("Output"), (json::array{"a", "b"}));
  EXPECT_EQ(state.outputs.at("Run").at("Status"), "Success");
}

TEST_F(Child, that_fails_fails_the_step_and_another_attempt_is_another_child) {
  plan.steps[0].max_attempts = 2;
  feed(Kind::start);
  const auto first = state.child;
  child_ends(Status::failed);
  EXPECT_EQ(state.waiting, Waiting::retry);
  now = state.wake_at;
  feed(Kind::timer);
  EXPECT_NE(state.child, first);
  child_ends(Status::timed_out);
  EXPECT_EQ(state.status, Status::failed);
  EXPECT_THAT(state.failure->message, HasSubstr("its disk is full"));
}

TEST_F(Child, is_cancelled_first_and_waited_for) {
  feed(Kind::start);
  const auto child = state.child;
  ask_to_end(false);
  EXPECT_EQ(last.cancel_child->str(), child);
  EXPECT_EQ(state.status, Status::waiting);
  EXPECT_EQ(feed(Kind::cancel).kind, Command::Kind::wait);
  EXPECT_FALSE(last.changed()) << "it was asked already";
  child_ends(Status::cancelled);
  EXPECT_EQ(state.status, Status::cancelled);
}

TEST_F(Child, that_takes_too_long_is_cancelled_before_the_step_has_timed_out) {
  feed(Kind::start);
  now = state.wake_at;
  feed(Kind::timer);
  EXPECT_TRUE(last.cancel_child);
  EXPECT_FALSE(state.ended());
  child_ends(Status::success);
  EXPECT_EQ(state.status, Status::timed_out);
}

TEST_F(Child, of_the_cancel_chain_is_waited_for_beyond_the_chain_s_limit) {
  plan.steps = {step("Work"), plan.steps[0]};
  plan.steps[0].cancel_next = 1;
  plan.steps[1].next = kEnd;
  plan.steps[1].default_timeout = 1h;
  feed(Kind::start);
  ask_to_end(false);
  const auto child = state.child;
  ASSERT_FALSE(child.empty());
  now = state.cancel_limit;
  EXPECT_EQ(feed(Kind::timer).kind, Command::Kind::wait);
  EXPECT_EQ(last.cancel_child->str(), child);
  EXPECT_FALSE(state.ended()) << "it still acts";
  now += 60s;
  EXPECT_EQ(feed(Kind::resume).kind, Command::Kind::wait);
  EXPECT_FALSE(state.ended());
  child_ends(Status::cancelled);
  EXPECT_EQ(state.status, Status::cancelled);
}

TEST_F(Child, nests_five_levels_deep_and_no_deeper) {
  identity.depth = 4;
  feed(Kind::start);
  EXPECT_TRUE(last.child);
  state = {};
  identity.depth = 5;
  feed(Kind::start);
  EXPECT_EQ(state.failure->code, "TooDeep");
}

TEST_F(Child, of_an_unknown_document_fails_the_step) {
  plan.steps[0].inputs["DocumentName"] = "outer";
  feed(Kind::start);
  EXPECT_THAT(state.failure->message, HasSubstr("there is no document outer"));
}

TEST_F(Child, of_a_version_that_there_is_not_fails_the_step) {
  plan.steps[0].inputs["DocumentVersion"] = "3";
  feed(Kind::start);
  EXPECT_THAT(state.failure->message, HasSubstr("there is no version '3'"));
  state = {};
  plan.steps[0].inputs["DocumentVersion"] = 1;
  feed(Kind::start);
  EXPECT_TRUE(last.child);
}

TEST_F(Child, of_a_document_that_was_not_asked_for_yet_changes_nothing_until_it_is_there) {
  documents.clear();
  const State before = state;
  feed(Kind::start);
  EXPECT_EQ(last.wanted, "arn:aws:ssm:local:1:document/inner");
  EXPECT_FALSE(last.child);
  state = before;
  documents = known_documents();
  feed(Kind::start);
  EXPECT_FALSE(last.wanted);
  EXPECT_TRUE(last.child);
}

}  // namespace
}  // namespace slipway::workflow
