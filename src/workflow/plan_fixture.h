#pragma once
// For tests of steps that are no actions: plans by hand, fed to the transition function in a plain loop, with what a
// crash would leave in between. Included by tests only.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "workflow/documents.h"
#include "workflow/transition.h"

namespace slipway::workflow {

// What a step of kind aws:executeAutomation may name: `inner`, by its ARN. There is no document `outer`.
inline FoundDocuments known_documents() {
  auto plan = std::make_shared<Plan>();
  plan->name = "test/inner";
  plan->parameters.push_back({.name = "Size",
                              .type = Type::integer,
                              .fallback = boost::json::value(1),
                              .allowed_values = {},
                              .allowed_pattern = {},
                              .bounds = {},
                              .sensitive = false});
  FoundDocuments known;
  known.emplace("arn:aws:ssm:local:1:document/inner", std::shared_ptr<const Plan>(std::move(plan)));
  known.emplace("outer", base::not_found("there is no document outer"));
  return known;
}

// As in documents, with a time-out that no test reaches by the way; a pause and a loop have none.
inline Step step(std::string name, Step::Kind kind = Step::Kind::action, boost::json::object inputs = {},
                 int next = kEnd) {
  Step made;
  made.name = std::move(name);
  made.kind = kind;
  made.action = kind == Step::Kind::action ? "local:do" : "aws:own";
  made.effect = EffectClass::name;
  made.inputs = std::move(inputs);
  made.next = next;
  made.default_timeout =
      kind == Step::Kind::pause || kind == Step::Kind::loop ? std::chrono::hours(0) : std::chrono::hours(1);
  return made;
}

inline Condition equals(std::string variable, std::string constant) {
  Condition condition;
  condition.kind = Condition::Kind::string_equals;
  condition.variable = variable;
  condition.constant = constant;
  return condition;
}

// An execution of `plan`, which a test writes into before it feeds the first event.
struct TransitionKinds : testing::Test {
  using Kind = Event::Kind;

  TransitionKinds() {
    identity.installation_id = "installation";
    identity.execution_id = base::ExecutionId("01890000-0000-7000-8000-000000000001");
    identity.environment_name = "one";
  }

  // A loop over `items`, whose body is Check, then Work.
  void make_loop(boost::json::value items) {
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
  const Command& answer(Kind kind, boost::json::object outputs = {}) {
    Event event;
    event.kind = kind;
    event.of = {state.at.step, state.at.visit, state.at.attempt};
    event.outputs = std::move(outputs);
    if (kind == Kind::failed) event.error = base::unavailable("it broke", "Broken");
    return feed(std::move(event));
  }
  const Command& succeed(boost::json::object outputs = {}) { return answer(Kind::succeeded, std::move(outputs)); }
  const Command& say(Signal::Kind kind, std::string by = "me") {
    Event event;
    event.kind = Kind::signal;
    event.signal.kind = kind;
    event.signal.by = std::move(by);
    return feed(std::move(event));
  }
  const Command& child_ends(Status status, boost::json::array outputs = {}) {
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

}  // namespace slipway::workflow
