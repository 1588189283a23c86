// What people say to a running engine, executions that are done again, and children: through the real store, and over
// restarts.

#include "workflow/engine_test.h"
#include "workflow/invariants.h"

namespace slipway::workflow {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct EngineSignals : EngineTest {
  EngineSignals() {
    actions.add("local:once",
                std::make_unique<FakeAction>(EffectClass::unsafe, [this](StepContext context, json::object) {
                  return hang(std::move(context));
                }));
  }
  base::Result<SignalResult> say(const base::ExecutionId& id, Signal::Kind kind, std::string by = "me") {
    Signal said;
    said.kind = kind;
    said.by = std::move(by);
    return net::run_to_end(runtime, [&] { return engine->signal(id, said); });
  }
};

const std::string kPause = document(step("Wait", "inputs: {}", "aws:pause") + step("B"));

TEST_F(EngineSignals, a_pause_outlives_the_broker_and_ends_by_resume) {
  const auto id = launch(kPause);
  until_state(id, "Waiting");
  restart();
  EXPECT_EQ(say(id, Signal::Kind::approve).error().kind, base::ErrorKind::conflict);
  const auto done = say(id, Signal::Kind::resume);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->execution, id);
  EXPECT_EQ(end_of(id).status, Status::success);
}

TEST_F(EngineSignals, one_of_two_that_come_at_once_is_taken_in) {
  const auto id = launch(kPause);
  until_state(id, "Waiting");
  Signal said;
  said.kind = Signal::Kind::resume;
  int taken = 0;
  int refused = 0;
  net::TaskGroup group(runtime);
  for (int i = 0; i < 2; ++i) {
    group.spawn("say", [&]() -> boost::asio::awaitable<void> {
      const auto result = co_await engine->signal(id, said);
      ++(result ? taken : refused);
    });
  }
  net::run_to_end(runtime, [&] { return group.join(); });
  EXPECT_EQ(taken, 1);
  EXPECT_EQ(refused, 1);
  end_of(id);
}

TEST_F(EngineSignals, what_goes_with_a_signal_or_a_cancel_is_written_with_it_or_neither_is) {
  const auto id = launch(kPause);
  until_state(id, "Waiting");
  const auto no = [](storage::Connection&) -> base::Result<void> { return base::unavailable("no"); };
  EXPECT_FALSE(net::run_to_end(runtime, [&] { return engine->cancel(id, "me", false, no); }));
  EXPECT_FALSE(row_of(id).cancel_at);
  Signal said;
  said.kind = Signal::Kind::resume;
  storage::ExecutionRow with;
  const auto done = net::run_to_end(runtime, [&] {
    return engine->signal(id, said, [&](storage::Connection& written) -> base::Result<void> {
      with = *TRY(storage::find_execution(written, id));
      return {};
    });
  });
  ASSERT_TRUE(done);
  EXPECT_EQ(with.state, "InProgress");

  failures["B"] = {base::invalid("no")};
  const auto failed = launch(document(step("B")));
  end_of(failed);
  said.kind = Signal::Kind::retry;
  EXPECT_FALSE(net::run_to_end(runtime, [&] { return engine->signal(failed, said, no); }));
  EXPECT_EQ(storage::executions_of(store->reader(), row_of(failed).environment_id, 10)->size(), 1u);
}

TEST_F(EngineSignals, to_one_that_runs_is_refused_with_what_it_does) {
  const auto id = launch(kHang);
  wait_for([&] { return !calls.empty(); });
  const auto refused = say(id, Signal::Kind::resume);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::ErrorKind::conflict);
  EXPECT_EQ(refused.error().message, fmt::format("execution {} waits for nothing: it is running step A", id.str()));
  EXPECT_EQ(say(base::ExecutionId("none"), Signal::Kind::resume).error().kind, base::ErrorKind::not_found);
}

TEST_F(EngineSignals, an_approval_counts_over_a_restart) {
  const auto id = launch(
      document(step("Ask", "inputs: {Approvers: [ann, bob], MinRequiredApprovals: 2}", "aws:approve") + step("B")));
  until_state(id, "Waiting");
  ASSERT_TRUE(say(id, Signal::Kind::approve, "ann"));
  restart();
  EXPECT_EQ(say(id, Signal::Kind::approve, "eve").error().kind, base::ErrorKind::forbidden);
  ASSERT_TRUE(say(id, Signal::Kind::approve, "bob"));
  EXPECT_EQ(end_of(id).status, Status::success);
}

TEST_F(EngineSignals, a_held_step_is_called_again_when_somebody_says_so) {
  const auto id = launch(document(step("Once", "", "local:once")));
  wait_for([&] { return calls.size() == 1; });
  restart();
  until_state(id, "Waiting");
  restart();
  EXPECT_EQ(row_of(id).state, "Waiting") << "nobody said anything";
  EXPECT_EQ(history(id).steps.back().waits_for, "decision");
  ASSERT_TRUE(say(id, Signal::Kind::retry));
  wait_for([&] { return calls.size() == 2; });
  EXPECT_EQ(history(id).steps.back().waits_for, "");
  EXPECT_EQ(history(id).steps.back().status, "InProgress");
  EXPECT_EQ(contexts[0].token, contexts[1].token);
}

TEST_F(EngineSignals, one_that_failed_is_done_again_from_the_step_that_failed) {
  failures["B"] = {base::invalid("no")};
  const auto id = launch(document(step("A") + step("B") + step("C", "inputs: {Text: '{{ A.Id }}'}")));
  EXPECT_EQ(end_of(id).status, Status::failed);
  const auto again = say(id, Signal::Kind::retry);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_NE(again->execution, id);
  EXPECT_EQ(end_of(again->execution).status, Status::success);
  EXPECT_THAT(calls, testing::ElementsAre("A", "B", "B", "C"));
  EXPECT_EQ(row_of(again->execution).retry_of, id.str());
  EXPECT_EQ(row_of(id).state, "Failed") << "what has ended does not change";
  EXPECT_THAT(say(again->execution, Signal::Kind::retry).error().message, HasSubstr("nothing to retry"));
}

TEST_F(EngineSignals, what_was_said_is_acted_upon_before_it_has_settled) {
  const auto settled = [&](const base::ExecutionId& id) {
    net::run_to_end(runtime, [&] { return engine->settled(id, net::in(1h)); });
  };
  const auto paused = launch(kPause);
  until_state(paused, "Waiting");
  settled(paused);  // nothing was said
  ASSERT_TRUE(cancel(paused));
  settled(paused);
  EXPECT_EQ(row_of(paused).state, "Cancelled");

  const auto hanging = launch(kHang);
  wait_for([&] { return !calls.empty(); });
  settled(hanging);  // its call goes on
  EXPECT_EQ(row_of(hanging).state, "InProgress");
  ASSERT_TRUE(cancel(hanging));
  settled(hanging);
  EXPECT_EQ(unwound, 1);
  EXPECT_EQ(row_of(hanging).state, "Cancelling") << "what onCancel names runs";

  const auto parked = launch(kPause);
  settled(parked);
  EXPECT_EQ(row_of(parked).state, "Waiting") << "its first step is entered";
}

TEST_F(EngineSignals, complete_lets_the_step_finish) {
  const auto id = launch(kPause);
  until_state(id, "Waiting");
  EXPECT_TRUE(*net::run_to_end(runtime, [&] { return engine->cancel(id, "me", true); }));
  settle();
  EXPECT_EQ(row_of(id).state, "Waiting");
  ASSERT_TRUE(say(id, Signal::Kind::resume));
  EXPECT_EQ(end_of(id).status, Status::cancelled);
  EXPECT_THAT(calls, testing::IsEmpty()) << "B does not begin";
}

TEST_F(EngineSignals, complete_that_comes_while_an_outcome_is_written_does_not_cancel) {
  base::ExecutionId id;
  actions.add("local:last", std::make_unique<FakeAction>(
                                EffectClass::name, [&](StepContext context, json::object) -> net::Task<json::object> {
                                  calls.push_back(context.step);
                                  store->first_in_write = [&](storage::Connection& connection) -> base::Result<void> {
                                    TRY(storage::request_cancel(connection, id, "me", clock.now(), storage::kComplete));
                                    return {};
                                  };
                                  co_return json::object{};
                                }));
  id = accept(document(step("A", "onCancel: step:Clean", "local:last") + step("B", "isEnd: true") + step("Clean")));
  engine->launch(id);
  const auto& end = end_of(id);
  EXPECT_EQ(end.status, Status::cancelled);
  EXPECT_EQ(end.steps.at("A").status, Status::success);
  EXPECT_THAT(calls, testing::ElementsAre("A")) << "neither B nor what A's cancellation would run";
  EXPECT_TRUE(history(id).completing);
}

TEST_F(EngineSignals, a_timer_that_rings_while_a_signal_finds_no_place_is_not_lost) {
  restart({.running = 1, .queued = 10, .unqueued_kinds = {}});
  const auto sleeper = launch(document(step("S", "inputs: {Duration: PT1H}", "aws:sleep")));
  until_state(sleeper, "Waiting");
  const auto paused =
      launch(document(step("P", "inputs: {}", "aws:pause") + step("H", "timeoutSeconds: 86400", "local:hang")));
  until_state(paused, "Waiting");
  const auto busy = launch(document(step("H", "timeoutSeconds: 86400", "local:hang")));
  wait_for([&] { return calls.size() == 1; });
  ASSERT_TRUE(say(paused, Signal::Kind::resume));
  wait_for([&] { return calls.size() == 2; });
  clock.advance(2h);
  Signal resume;
  resume.kind = Signal::Kind::resume;
  net::TaskGroup group(runtime);
  net::run_to_end(runtime, [&]() -> boost::asio::awaitable<void> {
    group.spawn("signal", [&]() -> boost::asio::awaitable<void> {
      EXPECT_EQ((co_await engine->signal(sleeper, resume)).error().kind, base::ErrorKind::throttled);
    });
    group.spawn("timer", [&]() -> boost::asio::awaitable<void> {
      engine->tick();
      co_return;
    });
    co_await group.join();
  });
  cancel(busy);
  cancel(paused);
  EXPECT_EQ(end_of(sleeper).status, Status::success);
}

TEST_F(EngineSignals, what_people_say_needs_no_free_place_but_cannot_add_places_without_end) {
  restart({.running = 1, .queued = 10, .unqueued_kinds = {}});
  std::vector<base::ExecutionId> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(launch(document(step("Wait", "inputs: {}", "aws:pause") + step("B", "", "local:hang"))));
    until_state(ids.back(), "Waiting");
  }
  launch(kHang);
  wait_for([&] { return calls.size() == 1; });
  EXPECT_TRUE(say(ids[0], Signal::Kind::resume));
  wait_for([&] { return calls.size() == 2; });
  const auto refused = say(ids[1], Signal::Kind::resume);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::ErrorKind::throttled);
  EXPECT_TRUE(refused.error().retry_after);
  EXPECT_EQ(row_of(ids[1]).state, "Waiting");
  EXPECT_TRUE(cancel(ids[0]));
  end_of(ids[0]);
  EXPECT_TRUE(say(ids[1], Signal::Kind::resume));
}

TEST_F(EngineSignals, one_that_was_taken_back_is_done_again_from_its_first_step) {
  failures["B"] = {base::invalid("no")};
  const auto id = launch(document(step("A") + step("B")));
  end_of(id);
  listener.afresh = true;
  const auto again = say(id, Signal::Kind::retry);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(end_of(again->execution).status, Status::success);
  EXPECT_THAT(calls, testing::ElementsAre("A", "B", "A", "B"));
}

// --- children

const std::string kNamed =
    "parameters: {Name: {type: String}}\n" + document(step("Inner", "inputs: {Text: 'the {{ Name }}'}", "local:say"));

struct EngineChildren : EngineSignals, Documents {
  EngineChildren() {
    actions.add("local:say",
                std::make_unique<FakeAction>(
                    EffectClass::name, [this](StepContext context, json::object inputs) -> net::Task<json::object> {
                      texts.emplace_back(inputs.at("Text").as_string());
                      context.progress("saying " + texts.back());
                      co_return json::object{{"Id", inputs.at("Text")}};
                    }));
    close();
    reopen();
  }
  void reopen(EngineSettings settings = {}) {
    store = open_store(runtime, folder.path());
    engine = std::make_unique<Engine>(runtime, *store, clock, actions, listener, std::move(settings), this);
    EXPECT_TRUE(net::run_to_end(runtime, [&] { return engine->start(); }));
  }
  base::Result<std::shared_ptr<const Plan>> find(const Identity&, std::string_view name) const override {
    if (unreadable > 0) {
      --unreadable;
      return base::unavailable("the disk does not answer");
    }
    const auto content = name == "pausing"   ? kPause
                         : name == "hanging" ? kHang
                         : name == "named"   ? kNamed
                         : name == "middle"  ? parent("hanging")
                                             : document(step("Inner"));
    return load_document(fmt::format("test/{}", name), content, actions).plan;
  }
  base::ExecutionId child_of(const base::ExecutionId& id) {
    base::ExecutionId child;
    for (int turn = 0; turn < 1000 && child.str().empty(); ++turn) {
      settle();
      const auto rows = storage::executions_of(store->reader(), row_of(id).environment_id, 10);
      for (const auto& row : *rows) {
        if (row.parent_id == id.str()) child = row.id;
      }
    }
    return child;
  }
  std::vector<std::string> texts;
  mutable int unreadable = 0;  // how often no document can be read

  static std::string parent(std::string_view name) {
    return document(step("Run", fmt::format("inputs: {{DocumentName: {}}}", name), "aws:executeAutomation") +
                    step("B"));
  }
};

TEST_F(EngineChildren, one_runs_and_its_parent_goes_on) {
  const auto id = launch(parent("inner"));
  EXPECT_EQ(end_of(id).status, Status::success);
  EXPECT_THAT(calls, testing::ElementsAre("Inner", "B"));
  EXPECT_THAT(broken_invariants(store->reader(), child_of(id)), testing::IsEmpty());
  EXPECT_EQ(listener.ends.size(), 1u) << "the listener hears of the parent alone";
}

TEST_F(EngineChildren, each_attempt_makes_one) {
  failures["Inner"] = {base::unavailable("not yet")};
  const auto id = launch(
      document(step("Run", "inputs: {DocumentName: inner}, maxAttempts: 2", "aws:executeAutomation") + step("B")));
  wait_for([&] { return calls.size() == 1; });
  until_state(id, "Waiting");
  settle();
  advance(std::chrono::minutes(5));
  EXPECT_EQ(end_of(id).status, Status::success);
  EXPECT_THAT(calls, testing::ElementsAre("Inner", "Inner", "B"));
  const auto broken = broken_invariants(store->reader()).value();
  for (const auto& one : broken) ADD_FAILURE() << one.invariant << ": " << one.where << ": " << one.what;
}

TEST_F(EngineChildren, one_that_ends_while_the_broker_is_down_for_its_parent_wakes_it_at_the_start) {
  const auto id = launch(parent("pausing"));
  const auto child = child_of(id);
  until_state(child, "Waiting");
  close();
  reopen();
  ASSERT_TRUE(say(child, Signal::Kind::resume));
  EXPECT_EQ(end_of(id).status, Status::success);
}

TEST_F(EngineChildren, a_cancelled_parent_ends_after_its_child) {
  const auto id = launch(parent("hanging"));
  wait_for([&] { return !calls.empty(); });
  const auto child = child_of(id);
  cancel(id);
  EXPECT_EQ(end_of(id).status, Status::cancelled);
  EXPECT_EQ(row_of(child).state, "Cancelled");
  EXPECT_EQ(unwound, 1);
  EXPECT_THAT(calls, testing::ElementsAre("A", "Clean")) << "the child's onCancel";
}

TEST_F(EngineChildren, whoever_cancels_is_named_down_to_the_child_of_one_that_was_about_to_wait_for_it) {
  const auto id = accept(parent("middle"));
  const auto in_all = [&] { return storage::executions_of(store->reader(), row_of(id).environment_id, 10)->size(); };
  store->after_write = [&] {
    if (in_all() < 3 || row_of(id).cancel_at) return;
    store->meanwhile = [&]() -> boost::asio::awaitable<void> {
      (void)co_await engine->cancel(id, "me");
      for (int turn = 0; turn < 20; ++turn) {
        (void)co_await store->write([](storage::Connection&) { return base::Result<void>{}; });
      }
    };
  };
  engine->launch(id);
  EXPECT_EQ(end_of(id).status, Status::cancelled);
  const auto child = child_of(id);
  EXPECT_EQ(row_of(child).cancel_by, "me");
  EXPECT_EQ(row_of(child_of(child)).cancel_by, "me");
}

struct Reversed final : storage::Sealing {
  std::string seal(std::string text, std::string_view) const override { return {text.rbegin(), text.rend()}; }
  base::Result<std::string> open(std::string_view sealed, std::string_view) const override {
    return std::string(sealed.rbegin(), sealed.rend());
  }
};

TEST_F(EngineChildren, one_that_is_handed_a_secret_shows_it_no_more_than_its_parent) {
  static const Reversed sealing;
  close();
  EngineSettings settings;
  settings.sealing = &sealing;
  reopen(settings);
  const auto id =
      launch("parameters: {Password: {type: String}}\n" +
                 document(step("Run", "inputs: {DocumentName: named, RuntimeParameters: {Name: 'a {{ Password }}'}}",
                               "aws:executeAutomation")),
             "launch", {{"Password", "correct horse"}});
  EXPECT_EQ(end_of(id).status, Status::success);
  EXPECT_EQ(texts, std::vector<std::string>{"the a correct horse"});
  for (const auto& execution : {id, child_of(id)}) {
    const auto journal = storage::journal_of(store->reader(), execution, 0, 100);
    for (const auto& row : *journal) {
      EXPECT_EQ(row.payload.find("horse"), std::string::npos) << row.kind << " " << row.payload;
    }
  }
  EXPECT_EQ(history(child_of(id)).parameters.at("Name"), "a ********");
  EXPECT_THAT(listener.seen, testing::Contains("Progress Inner: saying the a ********"));
}

TEST_F(EngineChildren, a_document_that_cannot_be_read_now_is_read_again) {
  unreadable = 2;
  const auto id = launch(parent("inner"));
  EXPECT_EQ(end_of(id).status, Status::success);
  EXPECT_EQ(unreadable, 0);
}

TEST_F(EngineChildren, they_need_places_as_their_parents_do) {
  close();
  reopen({.running = 2, .queued = 10, .unqueued_kinds = {"terminate"}});
  std::vector<base::ExecutionId> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(launch(parent("hanging")));
  wait_for([&] { return calls.size() == 2; });
  settle();
  EXPECT_EQ(calls.size(), 2u);
  EXPECT_EQ(end_of(launch(parent("inner"), "terminate")).status, Status::success) << "but for those of a terminate";
  for (const auto& id : ids) {
    EXPECT_TRUE(cancel(id));
    EXPECT_EQ(end_of(id).status, Status::cancelled);
  }
}

TEST_F(EngineChildren, a_cancel_and_a_crash_at_once_lose_neither) {
  const auto id = launch(parent("hanging"));
  wait_for([&] { return !calls.empty(); });
  const auto child = child_of(id);
  close();
  {  // asked for while no engine looked
    auto database = open_store(runtime, folder.path());
    EXPECT_TRUE(net::run_to_end(runtime, [&] {
      return database->write([&](storage::Connection& connection) -> base::Result<void> {
        TRY(storage::request_cancel(connection, id, "me", clock.now()));
        return {};
      });
    }));
  }
  reopen();
  EXPECT_EQ(end_of(id).status, Status::cancelled);
  EXPECT_EQ(row_of(child).state, "Cancelled");
}

TEST_F(EngineSignals, a_hundred_thousand_that_wait_cost_a_start_no_row) {
  // Not timed: 2,000 waiting executions, of which a start reads none.
  std::vector<base::ExecutionId> ids;
  const auto id = launch(document(step("Sleep", "inputs: {Duration: PT1H}", "aws:sleep") + step("B")));
  until_state(id, "Waiting");
  restart();
  EXPECT_EQ(engine->statistics().running, 0u);
  EXPECT_EQ(engine->statistics().waiting, 1u);
  advance(2h);
  EXPECT_EQ(end_of(id).status, Status::success);
}

}  // namespace
}  // namespace slipway::workflow
