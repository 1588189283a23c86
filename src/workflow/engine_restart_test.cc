// How many executions run at once, what a restart goes on with, and a store that fails.

#include "workflow/engine_test.h"

namespace slipway::workflow {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

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
  wait_for([&] { return calls.size() == 5; });
  settle();
  EXPECT_THAT(calls, ElementsAre("A1", "A2", "T", "A3", "A1"));
  cancel(ids[0]);
  wait_for([&] { return calls.size() == 6; });
  EXPECT_EQ(calls.back(), "A3") << "what had begun goes on before what had not";
  settle();
  EXPECT_EQ(calls.size(), 6u) << "A3 has the one place";
  cancel(ids[2]);
  wait_for([&] { return calls.size() == 7; });
  EXPECT_EQ(calls.back(), "A4");
}

// A thing that launches have in common breaks: all of them try again when it is back.
TEST_F(EngineTest, what_wakes_from_a_wait_needs_a_place_again) {
  restart({.running = 2, .queued = 100, .unqueued_kinds = {"terminate"}});
  std::vector<base::ExecutionId> ids;
  for (int i = 0; i < 10; ++i) {
    ids.push_back(launch(document(step("S", "inputs: {Duration: PT1M}", "aws:sleep") +
                                  step("A", "onCancel: step:Clean", "local:hang") + step("Clean"))));
  }
  for (const auto& id : ids) until_state(id, "Waiting");
  settle();
  EXPECT_EQ(engine->statistics().running, 0u);
  advance(1min);
  wait_for([&] { return calls.size() >= 2; });
  settle();
  EXPECT_THAT(calls, ElementsAre("A", "A"));
  EXPECT_EQ(engine->statistics().running, 2u);
  EXPECT_EQ(engine->statistics().queued, 8u);
  EXPECT_EQ(row_of(contexts[0].execution_id).state, "InProgress");
  const auto waits = std::ranges::find_if(ids, [&](const auto& id) { return row_of(id).state == "Waiting"; });
  EXPECT_TRUE(storage::effects_of(store->reader(), *waits)->empty()) << "no intent of a call that nobody makes";

  EXPECT_EQ(end_of(launch(document(step("T")), "terminate")).status, Status::success);
  EXPECT_TRUE(cancel(*waits));
  EXPECT_EQ(end_of(*waits).status, Status::cancelled) << "a cancellation waits for no place";
  EXPECT_TRUE(cancel(contexts[0].execution_id));
  end_of(contexts[0].execution_id);
  wait_for([&] { return std::ranges::count(calls, "A") >= 3; });
  settle();
  EXPECT_EQ(std::ranges::count(calls, "A"), 3);
  restart({.running = 2, .queued = 100, .unqueued_kinds = {"terminate"}});
  wait_for([&] { return std::ranges::count(calls, "A") >= 5; });
  settle();
  EXPECT_EQ(std::ranges::count(calls, "A"), 5) << "also after a restart";
}

TEST_F(EngineTest, the_wait_of_a_terminate_needs_no_place_when_it_ends) {
  restart({.running = 1, .queued = 10, .unqueued_kinds = {"terminate"}});
  const auto id = launch(document(step("S", "inputs: {Duration: PT1M}", "aws:sleep") + step("T")), "terminate");
  until_state(id, "Waiting");
  launch(document(step("A", "", "local:hang")));
  wait_for([&] { return calls.size() == 1; });
  settle();
  advance(1min);
  EXPECT_EQ(end_of(id).status, Status::success);
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
