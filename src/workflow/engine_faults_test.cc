// Faults that an engine on one broker must survive and that no other test of it makes: clocks that step, values that
// are no plain words, starts in masses, and one environment's waits beside another's work (docs/faults.md).

#include <cstdlib>
#include <latch>

#include "workflow/engine_test.h"

namespace slipway::workflow {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

int full(int soak, int usual) {
  return std::getenv("SLIPWAY_SOAK") != nullptr ? soak : usual;
}

struct EngineFaults : EngineTest {
  static EngineSettings bounded(int running, int queued) {
    return {.running = running, .queued = queued, .unqueued_kinds = {"terminate"}};
  }
};

TEST_F(EngineFaults, a_clock_that_steps_back_an_hour_fires_nothing_early_and_nothing_twice) {
  const auto id = launch(document(step("A", "inputs: {Duration: PT1H}", "aws:sleep") + step("B")));
  settle();
  advance(59min);
  advance(-1h);
  settle();
  EXPECT_THAT(calls, IsEmpty());
  advance(1h);
  settle();
  EXPECT_THAT(calls, IsEmpty());
  advance(1min);
  EXPECT_EQ(end_of(id).status, Status::success);
  advance(-1h);
  advance(2h);
  settle();
  EXPECT_EQ(calls, std::vector<std::string>{"B"});
}

TEST_F(EngineFaults, a_clock_that_steps_forward_an_hour_ends_calls_and_sleeps_that_are_due_by_it) {
  const auto sleeping = launch(document(step("A", "inputs: {Duration: PT30M}", "aws:sleep") + step("B")));
  const auto calling = launch(document(step("C", "timeoutSeconds: 600", "local:hang")));
  wait_for([&] { return !calls.empty(); });
  settle();
  advance(1h);
  EXPECT_EQ(end_of(sleeping).status, Status::success);
  EXPECT_EQ(end_of(calling).status, Status::timed_out);
}

// What somebody hands over is data: nothing in it is read as a reference, and all of it arrives, also after a restart.
TEST_F(EngineFaults, values_of_any_form_arrive_as_they_are) {
  std::vector<std::string> seen;
  actions.add("local:see", std::make_unique<FakeAction>(
                               EffectClass::name, [&](StepContext, json::object inputs) -> net::Task<json::object> {
                                 seen.emplace_back(inputs.at("Text").as_string());
                                 seen.emplace_back(inputs.at("Key").as_string());
                                 signal.changed();
                                 co_return json::object{};
                               }));
  const std::string values[] = {"{{ Other }}",
                                "{{ global:REGION }} {{",
                                "\"quoted\" and 'quoted' \\ \\n",
                                "line\r\nline\n\tend",
                                std::string("nul\0nul", 7),
                                "\xf0\x9f\x9a\xa2 \xe2\x80\xae",
                                std::string(64 * 1024 - 2, 'x')};
  for (const auto& value : values) {
    seen.clear();
    const auto id = launch(
        "schemaVersion: '0.3'\nparameters: {V: {type: String}, Other: {type: String, default: no}}\n"
        "mainSteps:\n" +
            step("S", "inputs: {Duration: PT1M}", "aws:sleep") +
            step("A", "inputs: {Text: '{{ V }}', Key: '[{{ V }}]'}", "local:see"),
        "launch", {{"V", value}});
    settle();
    restart();
    advance(1min);
    EXPECT_EQ(end_of(id).status, Status::success);
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_EQ(seen[0], value);
    EXPECT_EQ(seen[1], "[" + value + "]");
  }
}

// Beyond the bound a start is refused with a time to come back, and every one that was accepted ends.
TEST_F(EngineFaults, starts_in_masses_are_refused_beyond_the_bound_and_none_is_lost) {
  const int starts = full(10'000, 300), bound = starts / 3;
  close();
  open(bounded(16, bound));
  const auto plan = document(step("A"));
  std::vector<base::ExecutionId> accepted;
  int refused = 0;
  for (int i = 0; i < starts; ++i) {
    auto start = prepared(plan);
    if (!start) {
      EXPECT_EQ(start.error().kind, base::ErrorKind::throttled);
      EXPECT_TRUE(start.error().retry_after.has_value());
      ++refused;
      continue;
    }
    const base::EnvironmentId environment(fmt::format("env-{}", environments));
    ASSERT_TRUE(net::run_to_end(runtime, [&] {
      return store->write([write = start->write, environment](storage::Connection& connection) -> base::Result<void> {
        TRY(storage::insert_environment(connection, environment_row(environment)));
        return write(connection);
      });
    }));
    accepted.push_back(start->id);
    // The queue is what is full: nothing runs while they come.
    if (i >= bound + 16) continue;
    engine->launch(start->id);
  }
  EXPECT_GT(accepted.size(), static_cast<std::size_t>(bound / 2));
  EXPECT_EQ(accepted.size() + static_cast<std::size_t>(refused), static_cast<std::size_t>(starts));
  restart(bounded(16, starts));  // also those whose launch() never came
  // Of those that ran meanwhile nobody may have been told; rows are read once nearly all the others have ended.
  wait_for([&] {
    return listener.ends.size() + 16 >= accepted.size() &&
           std::ranges::all_of(accepted, [&](const auto& id) { return row_of(id).ended_at.has_value(); });
  });
  EXPECT_EQ(calls.size(), accepted.size());
}

// The writer stands in one write until the test lets it go on, as on a disk that does not answer.
TEST_F(EngineFaults, a_slow_disk_puts_starts_off_and_holds_up_no_cancel_and_no_end) {
  constexpr int kWaiting = 3'500;  // of the 4,096 that may wait
  const auto hanging = launch(kHang);
  wait_for([&] { return !calls.empty(); });
  settle();
  std::latch disk(1);
  int written = 0;
  std::optional<base::Result<Prepared>> start, termination;
  net::run_to_end(runtime, [&]() -> boost::asio::awaitable<void> {
    net::TaskGroup group(runtime);
    const auto write = [&](storage::Transaction work) {
      group.spawn("write", [&, work]() -> boost::asio::awaitable<void> {
        if (co_await store->write(work)) ++written;
      });
    };
    write([&](storage::Connection&) -> base::Result<void> {
      disk.wait();
      return {};
    });
    for (int i = 0; i < kWaiting; ++i) write([](storage::Connection&) { return base::Result<void>{}; });
    group.spawn("cancel",
                [&]() -> boost::asio::awaitable<void> { EXPECT_TRUE(co_await engine->cancel(hanging, "me")); });
    group.spawn("look", [&]() -> boost::asio::awaitable<void> {
      start.emplace(prepared(document(step("B"))));
      termination.emplace(prepared(document(step("B")), "terminate"));
      disk.count_down();
      co_return;
    });
    co_await group.join();
  });
  ASSERT_FALSE(*start);
  EXPECT_EQ(start->error().kind, base::ErrorKind::throttled);
  EXPECT_TRUE(start->error().retry_after.has_value());
  EXPECT_TRUE(*termination);
  EXPECT_EQ(written, kWaiting + 1) << "what was taken is written";
  EXPECT_EQ(end_of(hanging).status, Status::cancelled);
  EXPECT_TRUE(prepared(document(step("B"))));
}

TEST_F(EngineFaults, one_that_runs_does_not_wait_for_any_number_that_wait) {
  const int waiting = full(50'000, 500);
  const auto sleep = document(step("A", "inputs: {Duration: P1D}", "aws:sleep"));
  for (int i = 0; i < waiting; ++i) launch(sleep);
  wait_for([&] {
    settle();
    return engine->statistics().waiting == static_cast<std::size_t>(waiting);
  });
  EXPECT_EQ(engine->statistics().running, 0u);
  const auto before = store->statistics().transactions;
  EXPECT_EQ(end_of(launch(document(step("B")))).status, Status::success);
  EXPECT_LE(store->statistics().transactions - before, 4u) << "nothing was written for those that wait";
}

}  // namespace
}  // namespace slipway::workflow
