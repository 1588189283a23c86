#include "workflow/engine_test.h"

#include "workflow/pending_steps.h"

namespace slipway::workflow {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(EngineTest, a_document_runs_to_its_end_and_the_end_is_written_with_the_environment) {
  const auto id = launch(document(step("A") + step("B", "inputs: {Text: '{{ A.Id }}'}")) + "outputs: [A.Id]\n");
  const auto& end = end_of(id);
  EXPECT_EQ(end.status, Status::success);
  EXPECT_EQ(json::serialize(end.outputs), R"({"A.Id":"of A"})");
  EXPECT_FALSE(end.failure);
  EXPECT_THAT(calls, ElementsAre("A", "B"));
  const auto environment = storage::find_environment(store->reader(), end.identity.environment_id);
  EXPECT_EQ((*environment)->status, "Success");
  EXPECT_EQ((*environment)->outputs, R"({"A.Id":"of A"})");
  EXPECT_EQ(row_of(id).state, "Success");
  EXPECT_TRUE(row_of(id).ended_at);
}

TEST_F(EngineTest, followers_see_steps_as_they_go) {
  const auto id = launch(kHang);
  wait_for([&] { return !listener.seen.empty() && listener.seen.back() == "Progress A: still at it"; });
  cancel(id);
  end_of(id);
  EXPECT_THAT(listener.seen,
              ElementsAre("Entered A: local:hang", "Progress A: still at it", "Outcome A: Cancelled",
                          "Entered Clean: local:do", "Outcome Clean: Success", "Ended Clean: Cancelled"));
}

TEST_F(EngineTest, an_action_sees_who_it_works_for) {
  end_of(launch(document(step("A", "timeoutSeconds: 30"))));
  const auto& context = contexts.at(0);
  EXPECT_EQ(context.environment_id.str(), "env-1");
  EXPECT_EQ(context.environment_name, "env-1");
  EXPECT_EQ(context.step, "A");
  EXPECT_EQ(context.attempt, 1);
  EXPECT_EQ(context.token.size(), 36u);
  EXPECT_EQ(context.deadline, clock.now() + 30s);
  EXPECT_EQ(context.correlation_id, "c-1");
}

TEST_F(EngineTest, wrong_parameters_write_nothing) {
  const auto start = prepared("parameters: {Name: {type: String}}\n" + document(step("A")), "launch", {{"Nme", "x"}});
  ASSERT_FALSE(start);
  EXPECT_EQ(start.error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(start.error().code, "InvalidParameters");
}

TEST_F(EngineTest, a_failed_attempt_is_repeated_and_why_tells_the_story) {
  auto error = base::unavailable("slurmctld did not start", "DaemonDied");
  error.evidence = {"fatal: no munge"};
  failures["A"] = {error, error, error};
  const auto id = launch(
      document(step("A", "maxAttempts: 2, onFailure: step:Clean, inputs: {Text: hi}") + step("B") + step("Clean")));
  wait_for([&] { return calls.size() == 1; });
  settle();
  EXPECT_EQ(row_of(id).state, "Waiting");
  advance(2s);  // the longest delay before a second attempt
  const auto& end = end_of(id);
  EXPECT_EQ(end.status, Status::failed);
  EXPECT_EQ(end.failure->step, "A");
  EXPECT_EQ(end.failure->code, "DaemonDied");
  EXPECT_EQ(end.failure->evidence, std::vector<std::string>{"fatal: no munge"});
  EXPECT_EQ(end.steps.at("Clean").status, Status::success) << "the broker learns that the clean-up went well";

  const auto told = history(id);
  EXPECT_EQ(told.status, "Failed");
  EXPECT_EQ(told.by, "me");
  EXPECT_EQ(told.kind, "launch");
  EXPECT_EQ(told.failed_step, "A");
  EXPECT_EQ(told.reason.message, "slurmctld did not start");
  ASSERT_THAT(told.steps, SizeIs(2));
  EXPECT_EQ(told.steps[0].step, "A");
  EXPECT_EQ(told.steps[0].action, "local:do");
  EXPECT_EQ(told.steps[0].status, "Failed");
  EXPECT_EQ(told.steps[0].attempts, 2);
  ASSERT_THAT(told.steps[0].failed_attempts, SizeIs(1));
  EXPECT_EQ(told.steps[0].failed_attempts[0].reason.evidence, std::vector<std::string>{"fatal: no munge"});
  EXPECT_EQ(told.steps[0].reason.code, "DaemonDied");
  EXPECT_EQ(told.steps[0].effect, "ambiguous");
  EXPECT_EQ(told.steps[0].token, contexts[0].token);
  EXPECT_EQ(contexts[0].token, contexts[1].token);
  EXPECT_EQ(json::serialize(told.steps[0].inputs), R"({"Text":"hi"})");
  EXPECT_EQ(told.steps[1].step, "Clean");
  EXPECT_EQ(json::serialize(told.steps[1].outputs), R"({"Id":"of Clean"})");
  EXPECT_TRUE(told.steps[1].ended_at);
  auto whole = told;
  ASSERT_TRUE(add_pending_steps(store->reader(), whole));
  ASSERT_THAT(whole.steps, SizeIs(3)) << "the step that was not reached comes last";
  EXPECT_EQ(whole.steps[2].step, "B");
  EXPECT_EQ(whole.steps[2].status, "Pending");
  EXPECT_EQ(whole.steps[2].attempts, 0);
  const auto all = histories_of(store->reader(), base::EnvironmentId("env-1"), 10);
  ASSERT_TRUE(all);
  EXPECT_THAT(*all, SizeIs(1));
  EXPECT_FALSE(history_of(store->reader(), base::ExecutionId("nobody")));
}

TEST_F(EngineTest, what_a_program_wrote_can_be_read_again) {
  auto error = base::unavailable("it said \xff", "DaemonDied");
  error.evidence = {"cut in a character: \xC3", "\x1b[31mred"};
  failures["A"] = {error};
  const auto id = launch(document(step("A", "onFailure: step:B") + step("B")));
  EXPECT_EQ(end_of(id).failure->message, "it said \uFFFD");
  EXPECT_THAT(history(id).reason.evidence, testing::ElementsAre("cut in a character: \uFFFD", " [31mred"));
}

TEST_F(EngineTest, what_was_noted_of_a_step_is_told) {
  const auto id = launch("parameters: {Name: {type: String}}\n" +
                             document(step("A", R"(inputs: {Text: {Detail: '{"name": "{{ Name }}"}'}})")),
                         "launch", {{"Name", "the \"first\""}});
  EXPECT_EQ(end_of(id).status, Status::success);
  EXPECT_THAT(history(id).steps.at(0).notes,
              testing::ElementsAre(testing::StartsWith("W-ESC: values in inputs/Text/Detail were escaped")));
}

TEST_F(EngineTest, an_action_that_throws_fails_its_step) {
  actions.add("local:throw",
              std::make_unique<FakeAction>(EffectClass::read, [](StepContext, json::object) -> net::Task<json::object> {
                throw std::runtime_error("a bug");
                co_return json::object{};
              }));
  const auto& end = end_of(launch(document(step("A", "", "local:throw"))));
  EXPECT_EQ(end.status, Status::failed);
  EXPECT_THAT(end.failure->message, HasSubstr("a bug"));
}

// --- time

TEST_F(EngineTest, a_sleep_lasts_by_the_clock_and_over_a_restart) {
  const auto id = launch(document(step("A", "inputs: {Duration: PT1H}", "aws:sleep") + step("B")));
  settle();
  EXPECT_EQ(row_of(id).state, "Waiting");
  EXPECT_EQ(engine->statistics().running, 0u) << "what sleeps is not in memory";
  advance(59min);
  settle();
  EXPECT_THAT(calls, IsEmpty());
  restart();
  advance(59s);
  settle();
  EXPECT_THAT(calls, IsEmpty());
  advance(1s);
  EXPECT_EQ(end_of(id).status, Status::success);
}

TEST_F(EngineTest, a_sleep_that_ended_while_the_broker_was_down_ends_at_its_start) {
  const auto id = launch(document(step("A", "inputs: {Duration: PT1H}", "aws:sleep") + step("B")));
  settle();
  close();
  clock.advance(2h);
  open();
  EXPECT_EQ(end_of(id).status, Status::success);
}

TEST_F(EngineTest, a_call_is_cancelled_at_its_deadline) {
  const auto id = launch(document(step("A", "timeoutSeconds: 60", "local:hang")));
  wait_for([&] { return calls.size() == 1; });
  advance(59s);
  settle();
  EXPECT_EQ(unwound, 0);
  advance(1s);
  const auto& end = end_of(id);
  EXPECT_EQ(unwound, 1);
  EXPECT_EQ(end.status, Status::timed_out);
  EXPECT_THAT(end.failure->message, HasSubstr("did not end within its time-out"));
  EXPECT_EQ(engine->statistics().waiting, 0u) << "no timer is left behind";
}

// --- cancellation

TEST_F(EngineTest, a_cancel_stops_the_call_in_flight_and_runs_its_handler) {
  const auto id = launch(kHang);
  wait_for([&] { return calls.size() == 1; });
  EXPECT_TRUE(cancel(id));
  EXPECT_TRUE(cancel(id)) << "idempotent";
  EXPECT_EQ(end_of(id).status, Status::cancelled);
  EXPECT_EQ(unwound, 1);
  EXPECT_THAT(calls, ElementsAre("A", "Clean"));
  EXPECT_FALSE(cancel(id)) << "it has ended";
  EXPECT_FALSE(cancel(base::ExecutionId("nobody")));
  EXPECT_EQ(history(id).cancelled_by, "me");
}

TEST_F(EngineTest, a_cancel_in_the_turn_in_which_the_call_begins_is_not_lost) {
  const auto id = accept(kHang);
  net::run_to_end(runtime, [&]() -> awaitable<void> {
    engine->launch(id);
    (void)co_await engine->cancel(id, "me");
  });
  EXPECT_EQ(end_of(id).status, Status::cancelled);
}

TEST_F(EngineTest, a_cancel_wakes_what_sleeps_and_what_is_queued) {
  restart({.running = 1, .queued = 10, .unqueued_kinds = {}});
  const auto sleeping = launch(document(step("A", "inputs: {Duration: PT1H}", "aws:sleep")));
  settle();
  const auto running = launch(kHang);
  const auto queued = launch(document(step("A")));
  wait_for([&] { return calls.size() == 1; });
  EXPECT_TRUE(cancel(sleeping));
  EXPECT_TRUE(cancel(queued));
  EXPECT_EQ(end_of(sleeping).status, Status::cancelled);
  EXPECT_EQ(end_of(queued).status, Status::cancelled);
  EXPECT_THAT(calls, ElementsAre("A")) << "the queued one never ran";
  cancel(running);
  end_of(running);
}

TEST_F(EngineTest, a_second_cancel_does_not_stop_the_handler) {
  const auto id = launch(document(step("A", "onCancel: step:Clean", "local:hang") + step("Clean", "", "local:hang")));
  wait_for([&] { return calls.size() == 1; });
  cancel(id);
  wait_for([&] { return calls.size() == 2; });
  cancel(id);
  settle();
  EXPECT_EQ(unwound, 1);
  advance(120s);
  EXPECT_EQ(end_of(id).status, Status::cancelled);
}

TEST_F(EngineTest, the_end_of_a_cancelled_sleep_does_not_stop_what_runs_instead) {
  const auto id = launch(document(step("A", "inputs: {Duration: PT60S}, onCancel: step:Clean", "aws:sleep") +
                                  step("Clean", "", "local:hang")));
  settle();
  cancel(id);
  wait_for([&] { return calls.size() == 1; });
  advance(60s);
  settle();
  EXPECT_EQ(unwound, 0);
  advance(60s);
  end_of(id);
}

TEST_F(EngineTest, a_cancel_that_is_durable_when_the_broker_ends_is_carried_out_by_the_next) {
  const auto id = launch(kHang);
  wait_for([&] { return calls.size() == 1; });
  close();
  store = open_store(runtime, folder.path());
  ASSERT_TRUE(net::run_to_end(runtime, [&] {
    return store->write([&](storage::Connection& connection) -> base::Result<void> {
      TRY(storage::request_cancel(connection, id, "me", clock.now()));
      return {};
    });
  }));
  store.reset();
  open();
  EXPECT_EQ(end_of(id).status, Status::cancelled);
  EXPECT_THAT(calls, ElementsAre("A", "Clean"));
}

}  // namespace
}  // namespace slipway::workflow
