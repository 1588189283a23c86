#include "workflow/transition.h"

#include <gtest/gtest.h>

#include <functional>

#include "workflow/parameters.h"
#include "workflow/transition_fixture.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Kind = Event::Kind;

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

// `levels` lists in each other.
json::value nested(int levels) {
  json::value value("x");
  for (int level = 0; level < levels; ++level) value = json::array{std::move(value)};
  return value;
}

TEST(Transition, outputs_that_are_nested_too_deep_to_be_read_again_fail_the_step) {
  Driver driver(document(step("A") + step("B")));
  driver.feed(Kind::start);
  driver.succeed({{"Id", nested(kValueLimitLevels - 1)}});
  EXPECT_EQ(driver.state.at.step, "B");
  driver.succeed({{"Id", nested(kValueLimitLevels)}});
  EXPECT_EQ(driver.status(), Status::failed);
  EXPECT_EQ(driver.state.failure->code, "OutputTooLarge");
  EXPECT_EQ(driver.state.failure->message, "the outputs of step B are nested deeper than 20 levels");
}

TEST(Transition, inputs_that_are_nested_too_deep_with_their_values_fail_the_step) {
  Driver driver(document(step("A") + step("B", "inputs: {Text: {In: '{{ A.Id }}'}}")));
  driver.feed(Kind::start);
  driver.succeed({{"Id", nested(kValueLimitLevels - 1)}});
  EXPECT_EQ(driver.status(), Status::failed);
  EXPECT_EQ(driver.state.failure->message, "step B: with their values the inputs are nested deeper than 20 levels");
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
