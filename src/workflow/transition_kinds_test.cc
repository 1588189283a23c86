// Steps that are no actions: loops, variables, people and children, fed with events in a plain loop. Plans by hand.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "workflow/transition.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using Kind = Event::Kind;

FoundDocuments known_documents() {
  auto plan = std::make_shared<Plan>();
  plan->name = "test/inner";
  plan->parameters.push_back({.name = "Size",
                              .type = Type::integer,
                              .fallback = json::value(1),
                              .allowed_values = {},
                              .allowed_pattern = {},
                              .bounds = {},
                              .sensitive = false});
  FoundDocuments known;
  known.emplace("arn:aws:ssm:local:1:document/inner", std::shared_ptr<const Plan>(std::move(plan)));
  known.emplace("outer", base::not_found("there is no document outer"));
  return known;
}

Step step(std::string name, Step::Kind kind = Step::Kind::action, json::object inputs = {}, int next = kEnd) {
  Step made;
  made.name = std::move(name);
  made.kind = kind;
  made.action = kind == Step::Kind::action ? "local:do" : "aws:own";
  made.effect = EffectClass::name;
  made.inputs = std::move(inputs);
  made.next = next;
  made.default_timeout = kind == Step::Kind::pause || kind == Step::Kind::loop ? 0s : 60s;
  return made;
}

Condition equals(std::string variable, std::string constant) {
  Condition condition;
  condition.kind = Condition::Kind::string_equals;
  condition.variable = variable;
  condition.constant = constant;
  return condition;
}

struct TransitionKinds : testing::Test {
  TransitionKinds() {
    identity.installation_id = "installation";
    identity.execution_id = base::ExecutionId("01890000-0000-7000-8000-000000000001");
    identity.environment_name = "one";
  }

  // A loop over `items`, whose body is Check, then Work.
  void make_loop(json::value items) {
    plan.steps = {step("Loop", Step::Kind::loop, {{"Iterators", std::move(items)}}, 1), step("After"),
                  step("Check", Step::Kind::action, {{"Text", "{{ Loop.CurrentIteratorValue }}"}}, 3), step("Work")};
    plan.steps[0].body = 2;
    plan.steps[2].parent = plan.steps[3].parent = 0;
  }

  const Command& feed(Event event) {
    event.now = now;
    last = transition(plan, identity, state, event, documents);
    for (const auto& row : last.journal) journal.push_back(row.kind + " " + row.step);
    // What a crash leaves is what the row holds.
    storage::ExecutionRow row;
    row.id = identity.execution_id;
    write_row(last.state, identity, now, true, row);
    if (last.state.cancel) {
      row.cancel_at = last.state.cancel->at;
      if (last.state.cancel->complete) row.cancel_kind = storage::kComplete;
    }
    state = read_row(row)->state;
    return last.command;
  }
  const Command& feed(Kind kind) {
    Event event;
    event.kind = kind;
    return feed(std::move(event));
  }
  const Command& answer(Kind kind, json::object outputs = {}) {
    Event event;
    event.kind = kind;
    event.of = {state.at.step, state.at.visit, state.at.attempt};
    event.outputs = std::move(outputs);
    if (kind == Kind::failed) event.error = base::unavailable("it broke", "Broken");
    return feed(std::move(event));
  }
  const Command& succeed(json::object outputs = {}) { return answer(Kind::succeeded, std::move(outputs)); }
  const Command& say(Signal::Kind kind, std::string by = "me") {
    Event event;
    event.kind = Kind::signal;
    event.signal.kind = kind;
    event.signal.by = std::move(by);
    return feed(std::move(event));
  }
  const Command& child_ends(Status status, json::array outputs = {}) {
    Event event;
    event.kind = Kind::child_ended;
    event.child = {.id = state.child, .status = status, .outputs = std::move(outputs), .reason = "its disk is full"};
    return feed(std::move(event));
  }
  void ask_to_end(bool complete) {
    state.cancel = CancelRequest{now, "me", complete};
    feed(Kind::cancel);
  }
  std::string refusal() const { return last.refusal ? last.refusal->message : ""; }

  Plan plan;
  FoundDocuments documents = known_documents();
  Identity identity;
  State state;
  Transition last;
  std::vector<std::string> journal;
  base::Time now{std::chrono::milliseconds(1'700'000'000'000)};
};

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

// --- people

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

// --- children

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
