#include "workflow/engine.h"

#include "workflow/engine_fixture.h"
#include "workflow/history.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using boost::asio::awaitable;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

struct EngineTest : testing::Test {
  EngineTest() {
    actions.add("local:do", std::make_unique<FakeAction>(EffectClass::name, [this](StepContext context, json::object) {
                  return answer(std::move(context));
                }));
    actions.add("local:hang",
                std::make_unique<FakeAction>(
                    EffectClass::name, [this](StepContext context, json::object) { return hang(std::move(context)); }));
    open();
  }
  ~EngineTest() override { close(); }

  void open(EngineSettings settings = {}) {
    store = open_store(runtime, folder.path());
    engine = std::make_unique<Engine>(runtime, *store, clock, actions, listener, std::move(settings));
    EXPECT_TRUE(net::run_to_end(runtime, [&] { return engine->start(); }));
  }
  void close() {
    if (!engine) return;
    net::run_to_end(runtime, [&] { return engine->stop(); });
    engine.reset();
    store.reset();
  }
  void restart(EngineSettings settings = {}) {
    close();
    open(std::move(settings));
  }

  // Counts calls; answers with the step's scripted failures first.
  net::Task<json::object> answer(StepContext context) {
    calls.push_back(context.step);
    contexts.push_back(context);
    signal.changed();
    auto& script = failures[context.step];
    if (script.empty()) co_return json::object{{"Id", "of " + context.step}};
    auto error = script.front();
    script.erase(script.begin());
    co_return error;
  }
  // Runs until it is cancelled.
  net::Task<json::object> hang(StepContext context) {
    calls.push_back(context.step);
    contexts.push_back(context);
    context.progress("still at it");
    struct Unwound {
      EngineTest& test;
      ~Unwound() { ++test.unwound; }
    } unwound_at_end{*this};
    co_await net::sleep_for(runtime, 24h);
    co_return json::object{};
  }

  base::Result<Prepared> prepared(std::string_view document, std::string kind = "launch", json::object parameters = {},
                                  std::string environment = "") {
    auto loaded = load_document("test.yaml", document, actions);
    if (!loaded.plan) throw std::logic_error(to_string(loaded.problems.at(0)));
    if (environment.empty()) environment = fmt::format("env-{}", ++environments);
    StartRequest request{.plan = loaded.plan,
                         .kind = std::move(kind),
                         .environment_id = base::EnvironmentId(environment),
                         .environment_name = environment,
                         .region = "local",
                         .account_id = "000000000000",
                         .by = "me",
                         .correlation_id = "c-1",
                         .parameters = std::move(parameters)};
    return engine->prepare_start(std::move(request));
  }

  // Environment and execution in one transaction, as the broker writes them.
  base::ExecutionId accept(std::string_view document, std::string kind = "launch", json::object parameters = {}) {
    auto start = prepared(document, std::move(kind), std::move(parameters));
    if (!start) throw std::logic_error(start.error().message);
    const base::EnvironmentId environment(fmt::format("env-{}", environments));
    const auto written = net::run_to_end(runtime, [&] {
      return store->write([write = start->write, environment](storage::Connection& connection) -> base::Result<void> {
        TRY(storage::insert_environment(connection, environment_row(environment)));
        return write(connection);
      });
    });
    if (!written) throw std::logic_error(written.error().describe());
    return start->id;
  }
  base::ExecutionId launch(std::string_view document, std::string kind = "launch", json::object parameters = {}) {
    const auto id = accept(document, std::move(kind), std::move(parameters));
    engine->launch(id);
    return id;
  }
  void wait_for(std::function<bool()> condition) {
    net::run_to_end(runtime, [&] { return signal.until(condition); });
  }
  // Runs what is ready without waiting for anything in particular.
  void settle() {
    net::run_to_end(runtime, [&]() -> awaitable<void> {
      for (int turn = 0; turn < 20; ++turn) {
        (void)co_await store->write([](storage::Connection&) { return base::Result<void>{}; });
      }
    });
  }
  const Ended& end_of(const base::ExecutionId& id) {
    const auto found = [&] {
      return std::ranges::find_if(listener.ends, [&](const Ended& end) { return end.identity.execution_id == id; });
    };
    wait_for([&] { return found() != listener.ends.end(); });
    EXPECT_THAT(broken_invariants(store->reader(), id), IsEmpty());
    return *found();
  }
  bool cancel(const base::ExecutionId& id) {
    const auto accepted = net::run_to_end(runtime, [&] { return engine->cancel(id, "me"); });
    EXPECT_TRUE(accepted);
    return accepted && *accepted;
  }
  storage::ExecutionRow row_of(const base::ExecutionId& id) { return **storage::find_execution(store->reader(), id); }
  ExecutionHistory history(const base::ExecutionId& id) { return *history_of(store->reader(), id); }
  // The clock goes on and everybody notices.
  void advance(std::chrono::milliseconds by) {
    clock.advance(by);
    engine->tick();
  }

  TemporaryFolder folder;
  net::Runtime runtime;
  FakeClock clock;
  Signal signal{runtime};
  RecordingListener listener{signal};
  ActionRegistry actions;
  std::unique_ptr<WatchedDatabase> store;
  std::unique_ptr<Engine> engine;
  std::map<std::string, std::vector<base::Error>> failures;
  std::vector<std::string> calls;
  std::vector<StepContext> contexts;
  int unwound = 0;
  int environments = 0;
};

std::string document(std::string_view steps) {
  return "schemaVersion: '0.3'\nmainSteps:\n" + std::string(steps);
}
std::string step(std::string_view name, std::string_view more = "", std::string_view action = "local:do") {
  return fmt::format("  - {{name: {}, action: '{}'{}{}}}\n", name, action, more.empty() ? "" : ", ", more);
}
const std::string kHang = document(step("A", "onCancel: step:Clean, isEnd: true", "local:hang") + step("Clean"));

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

// --- how many at once

TEST_F(EngineTest, launches_beyond_the_bound_wait_in_order_and_a_terminate_does_not) {
  restart({.running = 2, .queued = 2, .unqueued_kinds = {"terminate"}});
  std::vector<base::ExecutionId> ids;
  for (const auto* name : {"A1", "A2", "A3", "A4"}) {
    clock.advance(1ms);  // ids sort by time
    ids.push_back(launch(document(step(name, "", "local:hang"))));
  }
  wait_for([&] { return calls.size() == 2; });
  settle();
  EXPECT_THAT(calls, ElementsAre("A1", "A2"));
  EXPECT_EQ(engine->statistics().queued, 2u);
  EXPECT_EQ(row_of(ids[2]).state, "Pending");

  const auto refused = prepared(document(step("A5")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::ErrorKind::throttled);
  EXPECT_TRUE(refused.error().retry_after);

  EXPECT_EQ(end_of(launch(document(step("T")), "terminate")).status, Status::success);
  EXPECT_THAT(calls, ElementsAre("A1", "A2", "T"));
  cancel(ids[1]);
  wait_for([&] { return calls.size() == 4; });
  EXPECT_EQ(calls.back(), "A3");

  restart({.running = 1, .queued = 2, .unqueued_kinds = {}});
  wait_for([&] { return calls.size() == 6; });
  settle();
  EXPECT_THAT(calls, ElementsAre("A1", "A2", "T", "A3", "A1", "A3"))
      << "what had begun goes on at once; A4 queues again";
  cancel(ids[0]);
  end_of(ids[0]);
  settle();
  EXPECT_EQ(calls.size(), 6u) << "A3 has the one place";
  cancel(ids[2]);
  wait_for([&] { return calls.size() == 7; });
  EXPECT_EQ(calls.back(), "A4");
}

TEST_F(EngineTest, what_sleeps_does_not_take_a_place) {
  restart({.running = 1, .queued = 2, .unqueued_kinds = {}});
  launch(document(step("A", "inputs: {Duration: PT1H}", "aws:sleep")));
  EXPECT_EQ(end_of(launch(document(step("B")))).status, Status::success);
}

// --- restarts

TEST_F(EngineTest, what_was_in_flight_goes_on_after_a_restart_with_the_same_token) {
  const auto id = launch(kHang);
  wait_for([&] { return calls.size() == 1; });
  restart();
  wait_for([&] { return calls.size() == 2; });
  EXPECT_EQ(contexts[0].token, contexts[1].token);
  EXPECT_EQ(contexts[0].deadline, contexts[1].deadline);
  EXPECT_EQ(history(id).steps.at(0).restarts, 1);
  cancel(id);
  end_of(id);
}

TEST_F(EngineTest, what_was_accepted_and_never_launched_runs_after_a_restart) {
  const auto id = accept(document(step("A")));
  restart();
  EXPECT_EQ(end_of(id).status, Status::success);
}

TEST_F(EngineTest, stop_twice_is_harmless) {
  net::run_to_end(runtime, [&] { return engine->stop(); });
  net::run_to_end(runtime, [&] { return engine->stop(); });
}

TEST_F(EngineTest, an_execution_keeps_the_document_it_started_with) {
  const auto id = launch(document(step("A", "", "local:hang") + step("Old")));
  wait_for([&] { return calls.size() == 1; });
  end_of(launch(document(step("New"))));  // the same name, other content: version 2
  EXPECT_EQ(row_of(id).document_version, 1);
  EXPECT_EQ(history(id).document_version, 1);
}

// --- the store

TEST_F(EngineTest, an_outcome_is_written_again_until_the_store_takes_it) {
  int refusals = 3;
  store->before_write = [&]() -> base::Result<void> {
    if (calls.empty() || refusals-- <= 0) return {};
    return base::unavailable("the disk is full");
  };
  EXPECT_EQ(end_of(launch(document(step("A") + step("B")))).status, Status::success);
  EXPECT_THAT(calls, ElementsAre("A", "B")) << "the call itself is not repeated";
  EXPECT_LT(refusals, 0);
}

TEST_F(EngineTest, a_commit_whose_answer_was_lost_is_not_done_twice) {
  for (int lost = 1; lost <= 3; ++lost) {
    int commits = 0;
    // The write happens, and the engine is told that it failed.
    const auto id = accept(document(step("A") + step("B")));
    store->instead_of_result = [&]() -> base::Result<void> {
      return ++commits == lost ? base::Result<void>(base::unavailable("no answer")) : base::Result<void>{};
    };
    engine->launch(id);
    EXPECT_EQ(end_of(id).status, Status::success) << "commit " << lost;
    EXPECT_GE(commits, 3);
    store->instead_of_result = {};
    EXPECT_EQ((*storage::find_environment(store->reader(), row_of(id).environment_id))->version, 1);
  }
}

TEST_F(EngineTest, an_end_that_cannot_be_finalised_is_tried_again) {
  int refusals = 2;
  listener.also = [&](storage::Connection&, const Ended&) -> base::Result<void> {
    if (refusals-- > 0) return base::conflict("somebody else wrote the environment");
    return {};
  };
  const auto id = launch(document(step("A")));
  EXPECT_EQ(end_of(id).status, Status::success);
  EXPECT_EQ((*storage::find_environment(store->reader(), base::EnvironmentId("env-1")))->version, 1) << "written once";
}

TEST_F(EngineTest, the_end_of_one_execution_may_start_the_next_in_its_transaction) {
  std::optional<Prepared> next;
  listener.also = [&](storage::Connection& connection, const Ended& end) -> base::Result<void> {
    return end.kind == "launch" ? next->write(connection) : base::Result<void>{};
  };
  const auto id = launch(kHang);
  wait_for([&] { return calls.size() == 1; });
  next = *prepared(document(step("T")), "terminate", {}, "env-1");
  cancel(id);
  EXPECT_EQ(end_of(id).status, Status::cancelled);
  engine->launch(next->id);
  EXPECT_EQ(end_of(next->id).status, Status::success);
}

TEST_F(EngineTest, an_execution_that_cannot_be_read_stays_and_does_not_stop_the_others) {
  const auto id = accept(document(step("A")));
  ASSERT_TRUE(net::run_to_end(runtime, [&] {
    return store->write([&](storage::Connection& connection) -> base::Result<void> {
      TRY(connection.execute("UPDATE execution SET progress = 'x' WHERE id = ?", {std::string_view(id.str())}));
      return {};
    });
  }));
  engine->launch(id);
  EXPECT_EQ(end_of(launch(document(step("B")))).status, Status::success);
  EXPECT_EQ(row_of(id).state, "Pending");
}

}  // namespace
}  // namespace slipway::workflow
