#pragma once
// What the tests of the engine share: an engine on a real store with scripted actions, which can be restarted. For
// tests only.

#include "workflow/engine.h"
#include "workflow/engine_fixture.h"
#include "workflow/history.h"

namespace slipway::workflow {

namespace json = boost::json;

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
    co_await net::sleep_for(runtime, std::chrono::hours(24));
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
    net::run_to_end(runtime, [&]() -> boost::asio::awaitable<void> {
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
    EXPECT_THAT(broken_invariants(store->reader(), id), testing::IsEmpty());
    return *found();
  }
  bool cancel(const base::ExecutionId& id) {
    const auto accepted = net::run_to_end(runtime, [&] { return engine->cancel(id, "me"); });
    EXPECT_TRUE(accepted);
    return accepted && *accepted;
  }
  storage::ExecutionRow row_of(const base::ExecutionId& id) { return **storage::find_execution(store->reader(), id); }
  // Runs until the row says so.
  void until_state(const base::ExecutionId& id, std::string_view state) {
    for (int turn = 0; turn < 1000 && row_of(id).state != state; ++turn) settle();
    EXPECT_EQ(row_of(id).state, state);
  }
  ExecutionHistory history(const base::ExecutionId& id) { return *history_of(store->reader(), id); }
  // The clock goes on and everybody notices.
  void advance(std::chrono::milliseconds by) {
    clock.advance(by);
    engine->tick();
  }

  TemporaryFolder folder;
  net::Runtime runtime;
  FakeClock clock;
  Bell signal{runtime};
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

inline std::string document(std::string_view steps) {
  return "schemaVersion: '0.3'\nmainSteps:\n" + std::string(steps);
}
inline std::string step(std::string_view name, std::string_view more = "", std::string_view action = "local:do") {
  return fmt::format("  - {{name: {}, action: '{}'{}{}}}\n", name, action, more.empty() ? "" : ", ", more);
}
inline const std::string kHang = document(step("A", "onCancel: step:Clean, isEnd: true", "local:hang") + step("Clean"));

}  // namespace slipway::workflow
