// Durable steps per second of the whole engine on SQLite: N executions of ten steps at once, each step one commit with
// its outcome, the next entry and its intent. And how long a broker needs to take up waiting executions at its start.
// Data lies in the working directory, as /tmp may be memory.

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <malloc.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "storage/environments.h"
#include "storage/sqlite/database.h"
#include "workflow/engine.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;
using boost::asio::awaitable;

struct Folder {
  std::string path = "workflow-bench-XXXXXX";
  Folder() {
    if (mkdtemp(path.data()) == nullptr) std::abort();
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

class Nothing final : public PlainAction {
 public:
  explicit Nothing(EffectClass effect) : effect_(effect) {}
  EffectClass effect_class(const json::object&) const override { return effect_; }
  Inputs inputs() const override { return {.required = {}, .optional = {"Text"}}; }
  std::vector<std::string_view> outputs() const override { return {"Text"}; }
  net::Task<json::object> run(StepContext, json::object inputs) override {
    // Outputs of the size that the figures are quoted for.
    if (inputs.contains("Text")) co_return json::object{{"Text", std::string(1000, 'x')}};
    co_return json::object{};
  }

 private:
  EffectClass effect_;
};

class Counting final : public Listener {
 public:
  explicit Counting(net::Runtime& runtime) : runtime_(runtime) {}
  base::Result<void> finalise(storage::Connection&, const Ended&) override { return {}; }
  void ended(const Ended&) override {
    if (--left == 0 && resume) resume();
  }
  base::Result<bool> again(storage::Connection&, const Ended&, base::Time) override { return false; }
  void progress(const Progress&) override {}
  awaitable<void> all() {
    co_await net::suspend_until(runtime_, [this](std::function<void()> go_on) { resume = std::move(go_on); });
  }
  int left = 0;
  std::function<void()> resume;

 private:
  net::Runtime& runtime_;
};

std::string ten_steps(std::string_view action, std::string_view inputs) {
  std::string text = "schemaVersion: '0.3'\nmainSteps:\n";
  for (int i = 0; i < 10; ++i)
    text += fmt::format("  - {{name: S{}, action: '{}', inputs: {{{}}}}}\n", i, action, inputs);
  return text;
}

struct Broker {
  explicit Broker(const std::string& folder) : listener(runtime) {
    actions.add("local:read", std::make_unique<Nothing>(EffectClass::read));
    actions.add("local:name", std::make_unique<Nothing>(EffectClass::name));
    auto opened = storage::sqlite::open_database(runtime, folder);
    if (!opened) std::abort();
    database = std::move(*opened);
    engine = std::make_unique<Engine>(runtime, *database, base::system_clock(), actions, listener,
                                      EngineSettings{.running = 1'000'000, .queued = 1'000'000, .unqueued_kinds = {}});
  }
  ~Broker() {
    net::run_to_end(runtime, [this] { return engine->stop(); });
  }

  // Writes `count` executions of `document`, a thousand a transaction.
  std::vector<base::ExecutionId> accept(const std::string& document, int count) {
    const auto loaded = load_document("bench", document, actions);
    std::vector<base::ExecutionId> ids;
    std::vector<storage::Transaction> works;
    for (int i = 0; i < count; ++i) {
      const base::EnvironmentId environment("env-" + base::new_uuid(i));
      auto start = engine->prepare_start({.plan = loaded.plan,
                                          .kind = "launch",
                                          .environment_id = environment,
                                          .environment_name = "bench",
                                          .region = "local",
                                          .account_id = "0",
                                          .by = "bench",
                                          .correlation_id = "c",
                                          .parameters = {}});
      ids.push_back(start->id);
      works.push_back([environment, write = start->write](storage::Connection& connection) -> base::Result<void> {
        storage::EnvironmentRow row;
        row.id = environment;
        row.name = environment.str();
        row.status = "pending";
        TRY(storage::insert_environment(connection, row));
        return write(connection);
      });
    }
    for (std::size_t from = 0; from < works.size(); from += 1000) {
      const auto written = net::run_to_end(runtime, [&] {
        return database->write([&, from](storage::Connection& connection) -> base::Result<void> {
          for (auto i = from; i < std::min(from + 1000, works.size()); ++i) TRY(works[i](connection));
          return {};
        });
      });
      if (!written) std::abort();
    }
    return ids;
  }

  net::Runtime runtime;
  Counting listener;
  ActionRegistry actions;
  std::unique_ptr<storage::Database> database;
  std::unique_ptr<Engine> engine;
};

void steps(benchmark::State& state, const std::string& action, const std::string& inputs) {
  const int executions = static_cast<int>(state.range(0));
  for (auto _ : state) {
    Folder folder;
    Broker broker(folder.path);
    if (!net::run_to_end(broker.runtime, [&] { return broker.engine->start(); })) std::abort();
    const auto ids = broker.accept(ten_steps(action, inputs), executions);
    const auto before = broker.database->statistics();
    broker.listener.left = executions;
    const auto began = std::chrono::steady_clock::now();
    net::run_to_end(broker.runtime, [&]() -> awaitable<void> {
      for (const auto& id : ids) broker.engine->launch(id);
      co_await broker.listener.all();
    });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    const auto after = broker.database->statistics();
    state.SetIterationTime(took.count());
    state.counters["steps/s"] = executions * 10 / took.count();
    state.counters["steps/sync"] = executions * 10.0 / static_cast<double>(after.commits - before.commits);
  }
}

constexpr std::chrono::duration<double> kIdle{5};

std::int64_t resident_bytes() {
  std::int64_t size = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

// Of all threads.
double processor_seconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

void resume(benchmark::State& state) {
  const int executions = static_cast<int>(state.range(0));
  Folder folder;
  {
    Broker broker(folder.path);
    if (!net::run_to_end(broker.runtime, [&] { return broker.engine->start(); })) std::abort();
    const auto ids = broker.accept(
        "schemaVersion: '0.3'\nmainSteps: [{name: S, action: 'aws:sleep', inputs: {Duration: P6D}}]\n", executions);
    net::run_to_end(broker.runtime, [&]() -> awaitable<void> {
      for (const auto& id : ids) broker.engine->launch(id);
      while (broker.engine->statistics().waiting < ids.size()) {
        co_await net::sleep_for(broker.runtime, std::chrono::milliseconds(10));
      }
    });
  }
  for (auto _ : state) {
    // What the allocator keeps of the broker before would hide what this one takes.
    malloc_trim(0);
    const auto before = resident_bytes();
    const auto began = std::chrono::steady_clock::now();
    Broker broker(folder.path);
    if (!net::run_to_end(broker.runtime, [&] { return broker.engine->start(); })) std::abort();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    malloc_trim(0);
    if (broker.engine->statistics().waiting != static_cast<std::size_t>(executions)) std::abort();
    state.SetIterationTime(took.count());
    state.counters["bytes/wait"] = static_cast<double>(resident_bytes() - before) / executions;
    const auto idle_from = processor_seconds();
    net::run_to_end(broker.runtime, [&]() -> awaitable<void> {
      co_await net::sleep_for(broker.runtime, std::chrono::duration_cast<std::chrono::milliseconds>(kIdle));
    });
    state.counters["idle_percent"] = (processor_seconds() - idle_from) * 100 / kIdle.count();
  }
}

BENCHMARK_CAPTURE(steps, read_without_outputs, "local:read", "")
    ->Arg(1)
    ->Arg(1000)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(steps, effect_with_1_KiB_outputs, "local:name", "Text: x")
    ->Arg(1)
    ->Arg(1000)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(resume)->Arg(100'000)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace slipway::workflow

BENCHMARK_MAIN();
