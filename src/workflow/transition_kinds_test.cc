// Steps that are no actions: loops and variables. Plans by hand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workflow/plan_fixture.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using testing::HasSubstr;

// --- loops

TEST_F(TransitionKinds, a_loop_runs_its_body_for_each_value_and_leaves_the_last) {
  make_loop(json::array{"a", "b"});
  EXPECT_EQ(feed(Kind::start).inputs.at("Text"), "a");
  EXPECT_EQ(state.at.step, "Loop[1]/Check");
  const auto first = last.command.token;
  succeed();
  EXPECT_EQ(state.at.step, "Loop[1]/Work");
  EXPECT_EQ(succeed({{"Id", "one"}}).inputs.at("Text"), "b");
  EXPECT_NE(last.command.token, first);
  EXPECT_FALSE(state.outputs.contains("Work")) << "an iteration begins as if the body had never run";
  succeed();
  succeed({{"Id", "two"}});
  EXPECT_EQ(state.at.step, "After");
  EXPECT_EQ(state.outputs.at("Loop"), (json::object{{"CurrentIteration", 2}, {"CurrentIteratorValue", "b"}}));
  EXPECT_EQ(state.outputs.at("Work").at("Id"), "two");
  EXPECT_EQ(succeed().kind, Command::Kind::end);
  EXPECT_EQ(state.status, Status::success);
}

TEST_F(TransitionKinds, a_loop_of_a_hundred_goes_on_at_iteration_57_after_a_crash) {
  json::array items;
  for (int i = 1; i <= 100; ++i) items.push_back(json::value(std::to_string(i)));
  make_loop(std::move(items));
  feed(Kind::start);
  for (int i = 1; i < 57; ++i) {
    succeed();
    succeed();
  }
  EXPECT_EQ(feed(Kind::resume).inputs.at("Text"), "57");
  EXPECT_EQ(state.at.step, "Loop[57]/Check");
  for (int i = 57; i <= 100; ++i) {
    succeed();
    succeed();
  }
  EXPECT_EQ(state.at.step, "After");
}

TEST_F(TransitionKinds, a_condition_is_asked_after_the_body_and_only_so_often) {
  make_loop(json::array{});
  plan.steps[0].loop_condition = equals("{{ Check.Id }}", "more");
  plan.steps[0].max_iterations = 3;
  plan.steps[2].inputs.clear();  // there is no CurrentIteratorValue
  feed(Kind::start);
  for (int i = 0; i < 3; ++i) {
    succeed({{"Id", "more"}});
    succeed();
  }
  EXPECT_EQ(state.at.step, "After");
  EXPECT_THAT(journal, testing::Contains("Note Loop")) << "W-ITER";
  EXPECT_EQ(state.steps.at("Loop").status, Status::success);
}

TEST_F(TransitionKinds, a_body_step_that_aborts_fails_the_loop) {
  make_loop(json::array{"a", "b"});
  plan.steps[0].on_failure = Step::OnFailure::proceed;
  plan.steps[0].critical = false;
  plan.steps[2].critical = false;
  feed(Kind::start);
  answer(Kind::failed);
  EXPECT_EQ(state.at.step, "After") << "the loop's own onFailure";
  EXPECT_EQ(state.steps.at("Loop").status, Status::failed);
  succeed();
  EXPECT_EQ(state.status, Status::success) << "neither was critical";
}

TEST_F(TransitionKinds, a_critical_failure_of_an_earlier_iteration_is_not_forgotten) {
  make_loop(json::array{"a", "b"});
  plan.steps[2].on_failure = Step::OnFailure::proceed;
  feed(Kind::start);
  answer(Kind::failed);
  succeed();
  succeed();
  succeed();
  succeed();
  EXPECT_EQ(state.status, Status::failed);
}

TEST_F(TransitionKinds, a_cancelled_loop_begins_no_further_iteration) {
  make_loop(json::array{"a", "b"});
  plan.steps[2].cancel_next = 3;
  feed(Kind::start);
  ask_to_end(false);
  EXPECT_EQ(state.at.step, "Loop[1]/Work") << "onCancel of the body's step";
  EXPECT_EQ(succeed().kind, Command::Kind::end);
  EXPECT_EQ(state.status, Status::cancelled);
  EXPECT_EQ(state.steps.at("Loop").status, Status::cancelled);
}

TEST_F(TransitionKinds, a_loop_of_the_cancel_chain_runs_as_any_other) {
  make_loop(json::array{"a", "b"});
  plan.steps.push_back(step("First"));
  plan.steps.back().cancel_next = 0;
  state.at.step = "First";
  feed(Kind::start);
  ask_to_end(false);
  for (const auto* at : {"Loop[1]/Check", "Loop[1]/Work", "Loop[2]/Check", "Loop[2]/Work", "After"}) {
    EXPECT_EQ(state.at.step, at);
    succeed();
  }
  EXPECT_EQ(state.status, Status::cancelled);
  EXPECT_EQ(state.steps.at("Loop").status, Status::success);
}

TEST_F(TransitionKinds, what_the_end_of_the_cancel_chain_interrupts_is_cancelled_too) {
  plan.steps = {step("First"), step("Wait", Step::Kind::pause)};
  plan.steps[0].cancel_next = 1;
  feed(Kind::start);
  ask_to_end(false);
  now = state.wake_at;
  EXPECT_EQ(feed(Kind::timer).kind, Command::Kind::end);
  EXPECT_EQ(state.steps.at("Wait").status, Status::cancelled);
  EXPECT_THAT(journal, testing::Contains("Outcome Wait"));
}

TEST_F(TransitionKinds, a_loop_that_takes_too_long_ends_with_its_iteration) {
  make_loop(json::array{"a", "b"});
  plan.steps[0].timeout = 10;
  feed(Kind::start);
  succeed();
  now += 10s;
  EXPECT_EQ(succeed().kind, Command::Kind::end);
  EXPECT_EQ(state.status, Status::timed_out);
  EXPECT_EQ(state.steps.at("Loop").status, Status::timed_out);
}

TEST_F(TransitionKinds, complete_lets_the_step_finish_and_begins_no_other) {
  make_loop(json::array{"a", "b"});
  feed(Kind::start);
  ask_to_end(true);
  EXPECT_FALSE(last.changed());
  EXPECT_EQ(succeed().kind, Command::Kind::end);
  EXPECT_EQ(state.status, Status::cancelled);
}

TEST_F(TransitionKinds, complete_during_the_last_step_changes_nothing) {
  plan.steps = {step("Only")};
  feed(Kind::start);
  ask_to_end(true);
  succeed();
  EXPECT_EQ(state.status, Status::success);
}

// --- variables

TEST_F(TransitionKinds, a_variable_is_updated_in_the_commit_of_the_next_step) {
  plan.variables.push_back({.name = "Count",
                            .type = Type::integer,
                            .fallback = {},
                            .allowed_values = {},
                            .allowed_pattern = {},
                            .bounds = {},
                            .sensitive = false});
  plan.steps = {step("Set", Step::Kind::update_variable, {{"Name", "variable:Count"}, {"Value", 7}}, 1),
                step("Use", Step::Kind::action, {{"Count", "{{ variable:Count }}"}})};
  EXPECT_EQ(feed(Kind::start).inputs.at("Count"), 7);
  EXPECT_TRUE(last.values_changed);
}

TEST_F(TransitionKinds, a_variable_takes_only_its_type) {
  plan.variables.push_back({.name = "Count",
                            .type = Type::integer,
                            .fallback = {},
                            .allowed_values = {},
                            .allowed_pattern = {},
                            .bounds = {},
                            .sensitive = false});
  plan.steps = {step("Set", Step::Kind::update_variable, {{"Name", "variable:Count"}, {"Value", "seven"}})};
  EXPECT_EQ(feed(Kind::start).kind, Command::Kind::end);
  EXPECT_EQ(state.status, Status::failed);
  EXPECT_THAT(state.failure->message, HasSubstr("variable Count"));
}

// --- outputs

TEST_F(TransitionKinds, declared_outputs_are_selected_from_the_answer) {
  plan.steps = {step("Ask")};
  plan.steps[0].outputs = {{.name = "Id", .selector = *parse_selector("$.Detail.Id"), .type = Type::string}};
  feed(Kind::start);
  succeed({{"Detail", {{"Id", "i-1"}}}, {"Bulk", "not kept"}});
  EXPECT_EQ(state.outputs.at("Ask"), (json::object{{"Id", "i-1"}}));
}

}  // namespace
}  // namespace slipway::workflow
