// A verifier that cannot fail is none: a database as the engine writes it is in order, and each way to break it is
// found and named.

#include "workflow/invariants.h"

#include "workflow/engine_test.h"

namespace slipway::workflow {
namespace {

using testing::Contains;
using testing::IsEmpty;

std::vector<std::string> told(storage::Connection& connection, const std::vector<std::string>& secrets = {}) {
  std::vector<std::string> lines;
  const auto all = broken_invariants(connection, secrets).value();
  for (const auto& broken : all) {
    lines.push_back(fmt::format("{}: {}: {}", broken.invariant, broken.where, broken.what));
  }
  return lines;
}

std::vector<std::string> names(storage::Connection& connection, const std::vector<std::string>& secrets = {}) {
  std::vector<std::string> found;
  const auto all = broken_invariants(connection, secrets).value();
  for (const auto& broken : all) found.push_back(broken.invariant);
  return found;
}

struct Invariants : EngineTest {
  // One execution that ended well after a failed attempt, one that sleeps, one whose call is in flight.
  void fill() {
    base::Error error = base::unavailable("not now");
    failures["B"] = {error};
    const auto ended = launch(document(step("A") + step("B", "maxAttempts: 3")));
    launch(document(step("S", "inputs: {Duration: PT1H}", "aws:sleep") + step("T")));
    launch(kHang);
    settle();
    advance(std::chrono::seconds(30));
    EXPECT_EQ(end_of(ended).status, Status::success);
    wait_for([&] { return std::ranges::count(calls, "A") == 2; });
  }
  void change(const std::string& sql) {
    const auto changed = net::run_to_end(runtime, [&] {
      return store->write([sql](storage::Connection& connection) -> base::Result<void> {
        TRY(connection.execute("PRAGMA ignore_check_constraints = ON"));
        EXPECT_GT(TRY(connection.execute(sql)), 0) << "changes nothing: " << sql;
        return {};
      });
    });
    EXPECT_TRUE(changed) << changed.error().describe();
  }
};

TEST_F(Invariants, hold_of_what_the_engine_writes) {
  fill();
  EXPECT_THAT(told(store->reader()), IsEmpty());
  restart();
  settle();
  EXPECT_THAT(told(store->reader()), IsEmpty());
}

TEST_F(Invariants, hold_of_a_step_whose_name_is_that_of_a_secret) {
  EXPECT_EQ(end_of(launch(document(step("Token")))).status, Status::success);
  EXPECT_THAT(told(store->reader()), IsEmpty());
}

TEST_F(Invariants, hold_after_a_cancel_a_failure_and_an_unknown_outcome) {
  actions.add("local:unsafe",
              std::make_unique<FakeAction>(
                  EffectClass::unsafe, [this](StepContext context, json::object) { return hang(std::move(context)); }));
  const auto hanging = launch(kHang);
  wait_for([&] { return !calls.empty(); });
  cancel(hanging);
  EXPECT_EQ(end_of(hanging).status, Status::cancelled);
  failures["F"] = {base::invalid("no")};
  EXPECT_EQ(end_of(launch(document(step("F")))).status, Status::failed);
  launch(document(step("U", "", "local:unsafe")));
  wait_for([&] { return calls.back() == "U"; });
  restart();
  settle();
  EXPECT_THAT(told(store->reader()), IsEmpty());
}

struct Breach {
  const char* name;
  const char* invariant;
  const char* sql;
};
void PrintTo(const Breach& breach, std::ostream* out) {
  *out << breach.sql;
}

// `first` is the execution that ended, by its place among all.
const Breach kBreaches[] = {
    {"an_environment_waits_for_nobody", "I1",
     "INSERT INTO environment SELECT 'env-new', 'new', type, region, owner, 'pending', rolled_back, rolling_back, "
     "failure_code, failure_reason, parameters, tags, request_document, outputs, fleet, fleet_updated_at, created_at, "
     "updated_at, correlation_id, version, type_version, expires_at, warned_at, last_active_at, instance_id, "
     "instance_arn, instance_role FROM environment LIMIT 1"},
    {"a_journal_row_is_missing", "I2", "DELETE FROM journal WHERE jid = (SELECT min(jid) FROM journal WHERE seq = 1)"},
    {"the_last_journal_rows_are_missing", "I2",
     "DELETE FROM journal WHERE seq = (SELECT seq FROM execution e WHERE e.id = execution_id)"},
    {"the_first_journal_row_is_missing", "I2", "DELETE FROM journal WHERE kind = 'Accepted'"},
    {"seq_falls", "I2", "UPDATE journal SET seq = 0 WHERE kind = 'Ended'"},
    {"an_execution_is_gone_and_its_journal_stays", "I2", "DELETE FROM execution WHERE state = 'Success'"},
    {"the_fence_falls", "I3", "UPDATE journal SET fence = 9 WHERE kind = 'Accepted'"},
    {"the_fence_of_the_journal_is_another_s", "I3", "UPDATE execution SET fence = 0"},
    {"two_outcomes", "I4",
     "INSERT INTO journal (execution_id, seq, fence, step, visit, attempt, kind, at, payload) SELECT execution_id, "
     "seq, "
     "fence, step, visit, attempt, kind, at, payload FROM journal WHERE kind = 'Outcome'"},
    {"entered_twice", "I4",
     "INSERT INTO journal (execution_id, seq, fence, step, visit, attempt, kind, at, payload) SELECT execution_id, "
     "seq, "
     "fence, step, visit, attempt, kind, at, payload FROM journal WHERE kind = 'Entered'"},
    {"an_outcome_of_what_was_not_entered", "I4", "UPDATE journal SET visit = 7 WHERE kind = 'Outcome'"},
    {"a_row_after_the_end", "I5",
     "INSERT INTO journal (execution_id, seq, fence, step, visit, attempt, kind, at, payload) SELECT execution_id, "
     "seq, "
     "fence, step, visit, attempt, 'Note', at, payload FROM journal WHERE kind = 'Ended'"},
    {"an_end_that_is_undone", "I5",
     "UPDATE execution SET ended_at = NULL, state = 'InProgress' WHERE state = 'Success'"},
    {"a_state_without_an_end", "I5", "UPDATE execution SET state = 'Success' WHERE state = 'Waiting'"},
    {"one_token_for_two_effects", "I6", "UPDATE effect SET token = (SELECT min(token) FROM effect)"},
    {"a_token_that_cannot_be_derived", "I6", "UPDATE effect SET token = 'a' || token WHERE step = 'A'"},
    {"an_unsafe_call_made_twice", "I6", "UPDATE effect SET effect_class = 'unsafe', sends = 3 WHERE step = 'A'"},
    {"an_effect_without_its_step", "I7", "DELETE FROM journal WHERE kind = 'Entered' AND step = 'B'"},
    {"an_answer_without_an_outcome", "I7", "UPDATE effect SET state = 'known_ok' WHERE state = 'intent'"},
    {"an_intent_that_outlives_its_execution", "I7", "UPDATE effect SET state = 'intent'"},
    {"an_effect_that_was_never_called", "I7", "UPDATE effect SET sends = 0"},
    {"a_secret_by_its_name", "I12",
     "UPDATE journal SET payload = '{\"inputs\": {\"DbPassword\": \"x\"}}' WHERE seq = 1"},
    {"a_private_key", "I12",
     "UPDATE effect SET outcome = '{\"message\": \"-----BEGIN PRIVATE KEY-----\"}' WHERE step = 'A'"},
    {"a_token_in_an_address", "I12",
     "UPDATE execution SET failure_text = 'see http://127.0.0.1:1/?token=0123456789abcdef0' WHERE state = 'Waiting'"},
    {"a_secret_of_this_installation", "I12",
     "UPDATE execution SET failure_text = 'with open sesame' WHERE state = 'Success'"},
    {"a_secret_among_values", "I12",
     "UPDATE execution SET vals = json_set(vals, '$.outputs.A.Id', 'say open sesame') WHERE state = 'Success'"},
    {"a_secret_among_parameters", "I12",
     "UPDATE environment SET parameters = '{\"Word\": [\"open sesame\"]}' WHERE id = 'env-1'"},
    {"a_secret_in_a_request", "I12",
     "UPDATE environment SET request_document = 'Word: open sesame' WHERE id = 'env-1'"},
    {"a_secret_among_outputs", "I12",
     "UPDATE environment SET outputs = '{\"A.Id\": \"open sesame\"}' WHERE id = 'env-1'"},
    {"a_secret_in_a_reason", "I12", "UPDATE environment SET failure_reason = 'with open sesame' WHERE id = 'env-1'"},
    {"a_secret_in_an_event", "I12",
     "INSERT INTO event (id, jid, environment_id, kind, at, data) VALUES (1, 1, 'env-1', 'status', 0, "
     "'{\"reason\": \"with open sesame\"}')"},
    {"a_secret_in_an_effect", "I12", "UPDATE effect SET outcome = '{\"message\": \"open sesame\"}'"},
    {"a_child_without_parent", "I13", "UPDATE execution SET parent_id = 'nobody' WHERE state = 'Waiting'"},
    {"a_child_that_outlives_its_parent", "I13",
     "UPDATE execution SET parent_id = (SELECT id FROM execution WHERE state = 'Success') WHERE state = 'Waiting'"},
    {"a_child_that_no_step_made", "I13",
     "UPDATE execution SET parent_id = (SELECT id FROM execution WHERE state = 'Waiting') WHERE state = 'Success'"},
    {"a_wait_without_a_time", "I14", "UPDATE execution SET wake_at = NULL WHERE state = 'Waiting'"},
    {"a_row_that_cannot_be_read", "I14", "UPDATE execution SET progress = '{}' WHERE state = 'Waiting'"},
};

struct Broken : Invariants, testing::WithParamInterface<Breach> {};

TEST_P(Broken, is_found_and_named) {
  fill();
  net::run_to_end(runtime, [&] { return engine->stop(); });
  change(GetParam().sql);
  EXPECT_THAT(names(store->reader(), {"open sesame"}), Contains(GetParam().invariant))
      << testing::PrintToString(told(store->reader()));
}
INSTANTIATE_TEST_SUITE_P(All, Broken, testing::ValuesIn(kBreaches),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace slipway::workflow
