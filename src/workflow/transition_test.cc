#include "workflow/transition.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

#include "workflow/document_fixture.h"
#include "workflow/token.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = Event::Kind;

const base::Time kNoon(std::chrono::milliseconds(1'700'000'000'000));

// Feeds events to the transition function as the engine would, and keeps what it said.
class Driver {
 public:
  explicit Driver(std::string_view document, json::object parameters = {}) : plan_(plan_of(document)) {
    identity_.installation_id = "installation";
    identity_.execution_id = base::ExecutionId("01890000-0000-7000-8000-000000000001");
    state.parameters = std::move(parameters);
  }

  const Command& feed(Event event) {
    event.now = now;
    last = transition(*plan_, identity_, state, event);
    state = last.state;
    for (const auto& row : last.journal) journal.push_back(row.kind + " " + row.step);
    return last.command;
  }
  const Command& feed(Kind kind) {
    Event event;
    event.kind = kind;
    return feed(std::move(event));
  }
  Event answer(Kind kind) const {
    Event event;
    event.kind = kind;
    event.of = {state.at.step, state.at.visit, state.at.attempt};
    return event;
  }
  const Command& succeed(json::object outputs = {}) {
    auto event = answer(Kind::succeeded);
    event.outputs = std::move(outputs);
    return feed(std::move(event));
  }
  const Command& fail(base::ErrorKind kind = base::ErrorKind::internal, std::string message = "it broke") {
    auto event = answer(Kind::failed);
    event.error.kind = kind;
    event.error.code = "Broken";
    event.error.message = std::move(message);
    event.error.evidence = {"last line"};
    return feed(std::move(event));
  }
  const Command& time_out() {
    auto event = answer(Kind::timed_out);
    event.error = base::timed_out("too slow");
    return feed(std::move(event));
  }
  // Lets the clock reach what is waited for.
  const Command& wake() {
    now = std::max(now, state.wake_at);
    return feed(Kind::timer);
  }

  std::string token(int visit = 1, int generation = 0) const {
    return effect_token("installation", identity_.execution_id, state.at.step, visit, generation);
  }
  Status status() const { return state.status; }

  State state;
  Transition last;
  std::vector<std::string> journal;
  base::Time now = kNoon;

 private:
  std::shared_ptr<const Plan> plan_;
  Identity identity_;
};

std::string document(std::string_view steps) {
  return "schemaVersion: '0.3'\nmainSteps:\n" + std::string(steps);
}
std::string step(std::string_view name, std::string_view more = "", std::string_view action = "local:do") {
  return fmt::format("  - {{name: {}, action: '{}'{}{}}}\n", name, action, more.empty() ? "" : ", ", more);
}

// --- the table of final statuses (1.8), whole

enum class Ends { well, badly, late };

struct Flow {
  Ends first;                   // how step A ends
  std::string_view on_failure;  // of A
  std::string_view critical;    // of A: "", "true" or "false"
  bool is_end;
  Ends second;  // how B ends, where it runs; B is critical and continues
  bool cancel;  // while A runs
};

// What the contract's table says, written down once more in its own order.
Status by_the_table(const Flow& flow, std::vector<std::string>& steps) {
  steps = {"A"};
  if (flow.cancel) return Status::cancelled;
  const bool bad = flow.first != Ends::well;
  if (bad && flow.on_failure == "Abort") return flow.first == Ends::late ? Status::timed_out : Status::failed;
  std::string next = flow.is_end ? "" : "B";
  if (bad && flow.on_failure == "step:X") next = "X";
  if (!next.empty()) steps.push_back(next);
  if (next == "B") steps.push_back("X");  // X follows B
  const bool critical_a = flow.critical == "true" || (flow.critical.empty() && flow.on_failure != "Continue");
  std::vector<Ends> critical_ends;
  if (critical_a) critical_ends.push_back(flow.first);
  if (next == "B") critical_ends.push_back(flow.second);
  for (const auto end : critical_ends) {
    if (end == Ends::badly) return Status::failed;
  }
  for (const auto end : critical_ends) {
    if (end == Ends::late) return Status::timed_out;
  }
  return Status::success;
}

void finish(Driver& driver, Ends end) {
  if (end == Ends::well) driver.succeed();
  if (end == Ends::badly) driver.fail();
  if (end == Ends::late) driver.time_out();
}

void check_flow_of(const Flow& flow) {
  std::string more = fmt::format("onFailure: '{}', isEnd: {}", flow.on_failure, flow.is_end);
  if (!flow.critical.empty()) more += fmt::format(", isCritical: {}", flow.critical);
  Driver driver(document(step("A", more) + step("B", "onFailure: Continue, isCritical: true") + step("X")));
  std::vector<std::string> wanted;
  const auto status = by_the_table(flow, wanted);
  driver.feed(Kind::start);
  std::vector<std::string> ran;
  while (!driver.state.ended()) {
    ran.push_back(driver.state.at.step);
    if (flow.cancel) {
      driver.feed(Kind::cancel);
    } else {
      finish(driver, driver.state.at.step == "A" ? flow.first : driver.state.at.step == "B" ? flow.second : Ends::well);
    }
  }
  EXPECT_EQ(to_string(driver.status()), to_string(status)) << more;
  EXPECT_EQ(ran, wanted) << more;
  EXPECT_EQ(driver.state.failure.has_value(), status == Status::failed || status == Status::timed_out) << more;
}

TEST(Transition, ends_as_the_table_of_final_statuses_says) {
  int flows = 0;
  for (const auto first : {Ends::well, Ends::badly, Ends::late}) {
    for (const auto* on_failure : {"Abort", "Continue", "step:X"}) {
      for (const auto* critical : {"", "true", "false"}) {
        for (const bool is_end : {false, true}) {
          for (const auto second : {Ends::well, Ends::badly, Ends::late}) {
            for (const bool cancel : {false, true}) {
              check_flow_of({first, on_failure, critical, is_end, second, cancel});
              ++flows;
            }
          }
        }
      }
    }
  }
  EXPECT_EQ(flows, 324);
}

// --- one commit

TEST(Transition, one_commit_carries_outcome_next_entry_and_intent) {
  Driver driver(document(step("A") + step("B")));
  EXPECT_EQ(driver.feed(Kind::start).kind, Command::Kind::call);
  EXPECT_THAT(driver.journal, ElementsAre("Entered A"));
  const auto& command = driver.succeed({{"Id", "i-1"}});
  EXPECT_THAT(driver.journal, ElementsAre("Entered A", "Outcome A", "Entered B"));
  EXPECT_EQ(command.kind, Command::Kind::call);
  EXPECT_EQ(command.step->name, "B");
  ASSERT_EQ(driver.last.effects.size(), 2u);
  EXPECT_EQ(driver.last.effects[0].state, "known_ok");
  EXPECT_EQ(driver.last.effects[1].state, "intent");
  EXPECT_EQ(driver.last.effects[1].token, command.token);
  EXPECT_EQ(driver.last.effects[1].token, driver.token());
  EXPECT_TRUE(driver.last.values_changed);
  EXPECT_EQ(driver.succeed().kind, Command::Kind::end);
  EXPECT_FALSE(driver.last.values_changed);
}

TEST(Transition, a_read_leaves_no_effect_row) {
  Driver driver(document(step("A", "", "local:read")));
  driver.feed(Kind::start);
  EXPECT_THAT(driver.last.effects, IsEmpty());
}

TEST(Transition, branches_and_past_sleeps_are_folded_into_the_commit) {
  const auto branch = R"(  - name: Choose
    action: aws:branch
    inputs:
      Choices:
        - {Variable: '{{ A.Count }}', NumericGreater: 1, NextStep: Past}
)";
  Driver driver(document(step("A") + branch + step("B") +
                         step("Past", "inputs: {Timestamp: '2020-01-01T00:00:00Z'}", "aws:sleep") + step("C")));
  driver.feed(Kind::start);
  EXPECT_EQ(driver.succeed({{"Count", 2}}).step->name, "C");
  EXPECT_THAT(driver.journal, ElementsAre("Entered A", "Outcome A", "Entered Choose", "Outcome Choose", "Entered Past",
                                          "Outcome Past", "Entered C"));
}

TEST(Transition, a_branch_without_a_true_choice_takes_its_default_else_goes_on) {
  const auto branch = [](std::string_view fallback) {
    return fmt::format(
        "  - {{name: Choose, action: 'aws:branch', inputs: {{Choices: [{{Variable: a, StringEquals: b, NextStep: "
        "C}}]{}}}}}\n",
        fallback);
  };
  Driver with(document(branch(", Default: C") + step("B") + step("C")));
  EXPECT_EQ(with.feed(Kind::start).step->name, "C");
  Driver without(document(branch("") + step("B") + step("C")));
  EXPECT_EQ(without.feed(Kind::start).step->name, "B");
}

TEST(Transition, a_branch_on_a_value_of_the_wrong_type_fails) {
  Driver driver(
      document("  - {name: Choose, action: 'aws:branch', inputs: {Choices: [{Variable: '{{ global:REGION }}', "
               "NumericEquals: 1, NextStep: B}]}}\n" +
               step("B")));
  EXPECT_EQ(driver.feed(Kind::start).kind, Command::Kind::end);
  EXPECT_EQ(driver.status(), Status::failed);
  EXPECT_EQ(driver.state.failure->code, "InvalidInput");
}

TEST(Transition, the_outputs_of_the_document_are_those_that_have_a_value) {
  const auto plan = plan_of(document(step("A")) + "outputs: {Id: A.Id, Items: '{{ A.Items }}'}\n");
  State state;
  state.outputs = {{"A", {{"Id", "i-1"}, {"Items", nullptr}}}};
  EXPECT_EQ(json::serialize(document_outputs(*plan, state)), R"({"Id":"i-1"})");
}

// --- inputs

TEST(Transition, a_reference_without_a_value_fails_the_step_and_is_not_retried) {
  Driver driver(document(step("A", "maxAttempts: 3") +
                         step("B", "maxAttempts: 3, inputs: {Items: ['{{ A.Id }}']}, onFailure: step:C") + step("C")));
  driver.feed(Kind::start);
  EXPECT_EQ(driver.succeed().step->name, "C");
  EXPECT_EQ(driver.state.failure->step, "B");
  EXPECT_EQ(driver.state.failure->code, "UnsetReference");
  EXPECT_EQ(driver.state.failure->message, "step B: {{ A.Id }} in inputs/Items/0 has no value");
}

TEST(Transition, every_attempt_gets_the_inputs_of_step_entry) {
  Driver driver(document(step("A", "maxAttempts: 2, inputs: {Text: '{{ global:DATE_TIME }}'}")));
  const auto first = driver.feed(Kind::start).inputs;
  driver.now += 10s;
  driver.fail();
  EXPECT_EQ(driver.wake().inputs, first);
  driver.now += 10s;
  EXPECT_EQ(driver.feed(Kind::resume).inputs, first);
}

TEST(Transition, the_journal_masks_what_is_sensitive_and_cuts_what_is_long) {
  Driver driver("parameters: {Password: {type: String}, Text: {type: String}}\n" +
                    document(step("A", "inputs: {Text: 'x {{ Password }}', Items: ['{{ Text }}']}")),
                {{"Password", "hush-hush"}, {"Text", std::string(5000, 'y')}});
  const auto& command = driver.feed(Kind::start);
  EXPECT_EQ(command.inputs.at("Text"), "x hush-hush");
  const auto& payload = driver.last.journal[0].payload;
  EXPECT_EQ(payload.find("hush-hush"), std::string::npos) << payload;
  EXPECT_LT(payload.size(), 1000u);
  EXPECT_NE(payload.find("(5000 bytes)"), std::string::npos);
  driver.succeed({{"AccessToken", "hush-hush"}, {"Id", "i"}});
  EXPECT_EQ(driver.last.journal[0].payload, R"({"status":"Success","outputs":{"AccessToken":"********","Id":"i"}})");
}

TEST(Transition, no_record_shows_a_secret_wherever_it_has_wandered) {
  const std::string secret = "correct \"horse\"";
  Driver driver("parameters: {Password: {type: String}}\nvariables: {Copy: {type: String, default: none}}\n" +
                    document("  - {name: Set, action: 'aws:updateVariable', inputs: {Name: 'variable:Copy', Value: "
                             "'{{ Password }}'}}\n" +
                             step("A", "inputs: {Text: 'x {{ variable:Copy }}'}") +
                             step("B", "maxAttempts: 2, inputs: {Items: ['{{ A.Id }}']}")),
                {{"Password", secret}});
  driver.state.secrets = {secret};
  std::string shown;
  const auto keep = [&] {
    for (const auto& row : driver.last.journal) shown += row.payload + "\n";
    for (const auto& effect : driver.last.effects) shown += effect.outcome + "\n";
  };
  EXPECT_EQ(to_text(driver.feed(Kind::start).inputs.at("Text")), "x " + secret);
  keep();
  EXPECT_EQ(to_text(driver.succeed({{"Id", "made with " + secret}}).inputs.at("Items").at(0)), "made with " + secret);
  keep();
  driver.fail(base::ErrorKind::unavailable, "cannot log in with " + secret);
  keep();
  driver.wake();
  keep();
  driver.fail(base::ErrorKind::unavailable, "cannot log in with " + secret);
  keep();
  EXPECT_EQ(driver.status(), Status::failed);
  EXPECT_EQ(shown.find("horse"), std::string::npos) << shown;
  EXPECT_NE(shown.find("cannot log in with ********"), std::string::npos) << shown;
  EXPECT_EQ(driver.state.failure->message, "cannot log in with ********");
  EXPECT_EQ(to_text(driver.state.variables.at("Copy")), secret) << "what is computed with stays";
}

TEST(Transition, outputs_over_the_limit_fail_the_step) {
  Driver driver(document(step("A")));
  driver.feed(Kind::start);
  driver.succeed({{"Id", std::string(300'000, 'x')}});
  EXPECT_EQ(driver.status(), Status::failed);
  EXPECT_EQ(driver.state.failure->code, "OutputTooLarge");
}

// --- attempts

TEST(Transition, a_failed_attempt_is_followed_by_another_after_a_delay_within_bounds) {
  Driver driver(document(step("A", "maxAttempts: 9")));
  driver.feed(Kind::start);
  for (int attempt = 1; attempt < 9; ++attempt) {
    const auto before = driver.now;
    EXPECT_EQ(driver.fail().kind, Command::Kind::wait);
    EXPECT_EQ(driver.status(), Status::waiting);
    EXPECT_GE(driver.state.wake_at, before);
    EXPECT_LE(driver.state.wake_at, before + std::min<std::chrono::milliseconds>(30s, 1s * (1 << attempt)));
    EXPECT_EQ(driver.wake().kind, Command::Kind::call);
    EXPECT_EQ(driver.state.at.attempt, attempt + 1);
  }
  EXPECT_EQ(driver.fail().kind, Command::Kind::end);
  EXPECT_EQ(driver.status(), Status::failed);
  EXPECT_EQ(driver.state.failure->evidence, std::vector<std::string>{"last line"});
}

TEST(Transition, a_refused_input_ends_the_step_at_once) {
  Driver driver(document(step("A", "maxAttempts: 9")));
  driver.feed(Kind::start);
  EXPECT_EQ(driver.fail(base::ErrorKind::invalid).kind, Command::Kind::end);
}

TEST(Transition, the_last_attempt_decides_between_failed_and_timed_out) {
  Driver late(document(step("A", "maxAttempts: 2")));
  late.feed(Kind::start);
  late.fail();
  late.wake();
  late.time_out();
  EXPECT_EQ(late.status(), Status::timed_out);
  Driver bad(document(step("A", "maxAttempts: 2")));
  bad.feed(Kind::start);
  bad.time_out();
  bad.wake();
  bad.fail();
  EXPECT_EQ(bad.status(), Status::failed);
}

TEST(Transition, only_a_known_failure_of_a_token_call_raises_the_generation) {
  const auto generation_after = [](std::string_view action, base::ErrorKind kind) {
    Driver driver(document(step("A", "maxAttempts: 2", action)));
    const auto first = driver.feed(Kind::start).token;
    driver.fail(kind);
    const auto second = driver.wake().token;
    EXPECT_EQ(first != second, driver.state.at.generation == 1);
    return driver.state.at.generation;
  };
  EXPECT_EQ(generation_after("local:token", base::ErrorKind::conflict), 1);
  EXPECT_EQ(generation_after("local:token", base::ErrorKind::throttled), 1);
  EXPECT_EQ(generation_after("local:token", base::ErrorKind::unavailable), 0);
  EXPECT_EQ(generation_after("local:token", base::ErrorKind::timed_out), 0);
  EXPECT_EQ(generation_after("local:token", base::ErrorKind::internal), 0);
  EXPECT_EQ(generation_after("local:do", base::ErrorKind::conflict), 0) << "a name's mark stays";
}

// The token is the only thing that keeps a second effect away while the first may be there.
TEST(Transition, a_known_failure_after_a_call_in_doubt_keeps_token_and_doubt) {
  const auto check = [](std::string_view action, const std::function<void(Driver&)>& doubt) {
    Driver driver(document(step("A", "maxAttempts: 5", action)));
    const auto first = driver.feed(Kind::start).token;
    doubt(driver);
    driver.fail(base::ErrorKind::throttled);
    EXPECT_EQ(driver.last.effects.at(0).state, "ambiguous") << action;
    EXPECT_EQ(driver.wake().token, first) << action;
    driver.fail(base::ErrorKind::conflict);
    EXPECT_EQ(driver.wake().token, first) << action << ": the doubt stays";
  };
  for (const auto* action : {"local:token", "local:do", "local:natural"}) {
    check(action, [](Driver& driver) {
      driver.time_out();
      driver.wake();
    });
    check(action, [](Driver& driver) {
      driver.fail(base::ErrorKind::unavailable);
      driver.wake();
    });
    check(action, [](Driver& driver) { driver.feed(Kind::resume); });
  }
  Driver refused(document(step("A", "maxAttempts: 3", "local:token")));
  const auto first = refused.feed(Kind::start).token;
  refused.fail(base::ErrorKind::throttled);
  EXPECT_NE(refused.wake().token, first);
  refused.time_out();
  const auto second = refused.wake().token;
  refused.fail(base::ErrorKind::throttled);
  EXPECT_EQ(refused.last.effects.at(0).token, second);
  EXPECT_EQ(refused.last.effects.at(0).state, "ambiguous") << "of the second token alone";
}

TEST(Transition, the_deadline_of_each_attempt_counts_from_its_own_start) {
  Driver driver(
      "parameters: {Wait: {type: Integer}}\n" + document(step("A", "maxAttempts: 2, timeoutSeconds: '{{ Wait }}'")),
      {{"Wait", 5}});
  driver.feed(Kind::start);
  EXPECT_EQ(driver.state.at.deadline, kNoon + 5s);
  driver.now += 5s;
  driver.time_out();
  driver.wake();
  EXPECT_EQ(driver.state.at.deadline, driver.now + 5s);
}

TEST(Transition, a_time_out_that_is_no_number_fails_the_step) {
  Driver driver("parameters: {Wait: {type: String}}\n" + document(step("A", "timeoutSeconds: '{{ Wait }}'")),
                {{"Wait", "soon"}});
  driver.feed(Kind::start);
  EXPECT_EQ(driver.state.failure->code, "InvalidInput");
}

// --- stale, repeated and early events

TEST(Transition, an_answer_to_another_call_changes_nothing) {
  Driver driver(document(step("A", "maxAttempts: 2") + step("B")));
  driver.feed(Kind::start);
  auto stale = driver.answer(Kind::succeeded);
  driver.fail();
  for (const auto kind : {Kind::succeeded, Kind::failed, Kind::timed_out}) {
    stale.kind = kind;
    EXPECT_EQ(driver.feed(stale).kind, Command::Kind::nothing) << "while it waits for the next attempt";
    EXPECT_FALSE(driver.last.changed());
  }
  driver.wake();
  EXPECT_EQ(driver.feed(stale).kind, Command::Kind::nothing) << "of the attempt before";
  const auto good = driver.answer(Kind::succeeded);
  EXPECT_EQ(driver.feed(good).kind, Command::Kind::call);
  EXPECT_EQ(driver.feed(good).kind, Command::Kind::nothing) << "twice";
  EXPECT_EQ(driver.state.at.step, "B");
  EXPECT_EQ(driver.feed(Kind::start).kind, Command::Kind::nothing);
  EXPECT_EQ(driver.feed(Kind::timer).kind, Command::Kind::nothing);
}

TEST(Transition, nothing_changes_an_execution_that_has_ended) {
  Driver driver(document(step("A")));
  driver.feed(Kind::start);
  const auto answer = driver.answer(Kind::failed);
  driver.succeed();
  for (const auto kind : {Kind::start, Kind::timer, Kind::cancel, Kind::resume}) {
    EXPECT_EQ(driver.feed(kind).kind, Command::Kind::nothing);
    EXPECT_FALSE(driver.last.changed());
  }
  driver.feed(answer);
  EXPECT_EQ(driver.status(), Status::success);
}

TEST(Transition, no_timer_fires_early) {
  Driver driver(document(step("A", "inputs: {Duration: PT1H}", "aws:sleep") + step("B")));
  EXPECT_EQ(driver.feed(Kind::start).wake_at, kNoon + 1h);
  driver.now += 1h - 1ms;
  EXPECT_EQ(driver.feed(Kind::timer).kind, Command::Kind::wait);
  EXPECT_FALSE(driver.last.changed());
  EXPECT_EQ(driver.feed(Kind::resume).wake_at, kNoon + 1h) << "a restart neither restarts nor shortens it";
  driver.now += 1ms;
  EXPECT_EQ(driver.feed(Kind::timer).step->name, "B");
}

TEST(Transition, a_sleep_beyond_its_time_out_times_out) {
  Driver driver(document(step("A", "inputs: {Duration: PT1H}, timeoutSeconds: 60", "aws:sleep") + step("B")));
  EXPECT_EQ(driver.feed(Kind::start).wake_at, kNoon + 60s);
  driver.wake();
  EXPECT_EQ(driver.status(), Status::timed_out);
  Driver exact(document(step("A", "inputs: {Duration: PT1H}, timeoutSeconds: 3600", "aws:sleep")));
  exact.feed(Kind::start);
  exact.wake();
  EXPECT_EQ(exact.status(), Status::success);
}

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

// --- the row

TEST(State, is_read_back_from_its_row_as_it_was) {
  Driver driver(document(step("A", "maxAttempts: 3, onFailure: Continue, isCritical: true", "local:token") +
                         step("B", "maxAttempts: 2")));
  driver.feed(Kind::start);
  driver.fail(base::ErrorKind::conflict);
  driver.wake();
  driver.fail(base::ErrorKind::invalid, "bad \"input\"");
  driver.fail();
  Identity identity{.installation_id = {},
                    .execution_id = base::ExecutionId("x"),
                    .environment_id = base::EnvironmentId("env-1"),
                    .environment_name = "name",
                    .region = "local",
                    .account_id = "0",
                    .correlation_id = "c"};
  storage::ExecutionRow row;
  row.id = identity.execution_id;
  row.environment_id = identity.environment_id;
  row.correlation_id = "c";
  write_row(driver.state, identity, driver.now, true, row);
  EXPECT_EQ(row.state, "Waiting");
  EXPECT_EQ(row.cursor, "B");
  EXPECT_EQ(row.failure_code, "Broken");
  EXPECT_EQ(row.wake_at, driver.state.wake_at);
  const auto read = read_row(row);
  ASSERT_TRUE(read) << read.error().message;
  auto again = row;
  write_row(read->state, read->identity, driver.now, true, again);
  EXPECT_EQ(again.progress, row.progress);
  EXPECT_EQ(again.vals, row.vals);
  EXPECT_EQ(read->identity.region, "local");
  EXPECT_EQ(read->state.failure->message, "bad \"input\"");
}

TEST(State, a_row_that_cannot_be_read_is_an_error) {
  storage::ExecutionRow row;
  row.state = "Nonsense";
  EXPECT_FALSE(read_row(row));
}

}  // namespace
}  // namespace slipway::workflow
