// Durable transactions per second with N tasks that write at once, and what one of them waits. `sync` is the machine's
// own rate, to compare with: SQLite cannot commit an ungrouped transaction faster. Data lies in the working directory,
// as /tmp may be memory.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <vector>

#include "base/ids.h"
#include "net/runtime.h"
#include "storage/audit.h"
#include "storage/documents.h"
#include "storage/environments.h"
#include "storage/executions.h"
#include "storage/listings.h"
#include "storage/sqlite/database.h"

namespace slipway::storage {
namespace {

using Microseconds = std::chrono::duration<double, std::micro>;
using base::Result;

constexpr int kExecutions = 20'000;

struct Folder {
  std::string path = "storage-bench-XXXXXX";
  Folder() {
    if (!mkdtemp(path.data())) std::abort();
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

std::string number(const char* prefix, int i) {
  return fmt::format("{}{:08}-0000-7000-8000-000000000000", prefix, i);
}

EnvironmentRow environment(int i) {
  EnvironmentRow row;
  row.id = base::EnvironmentId(number("env-", i));
  row.name = fmt::format("cluster-{}", i);
  row.type = "parallelcluster";
  row.region = "local";
  row.status = "pending";
  row.request_document.assign(600, 'y');
  return row;
}

ExecutionRow execution(int i, std::int64_t document) {
  ExecutionRow row;
  row.id = base::ExecutionId(number("", i));
  row.environment_id = base::EnvironmentId(number("env-", i));
  row.document_name = "launch";
  row.document_version = document;
  row.kind = "launch";
  row.state = "InProgress";
  row.vals.assign(1024, 'v');
  return row;
}

// What a launch writes before it is answered.
Result<void> create(Connection& connection, int i) {
  const auto document = TRY(ensure_document(connection, "launch", "mainSteps: []", 1, base::Time{}));
  TRY(insert_environment(connection, environment(i)));
  TRY(insert_execution(connection, execution(i, document), {}));
  return insert_audit(connection, AuditRow{});
}

// One step: outcome, next step and intent of its effect.
Result<void> step(Connection& connection, int i, std::int64_t seq) {
  Move move;
  move.next = execution(i, 1);
  move.next.seq = seq;
  move.next.cursor = "CreateSomething";
  move.vals_changed = seq % 3 == 0;
  move.journal.resize(1);
  move.journal[0].kind = "Outcome";
  move.journal[0].payload.assign(512, 'p');
  const auto moved = TRY(move_execution(connection, move));
  if (moved != Moved::yes) return base::internal("lost");
  return {};
}

void latencies(benchmark::State& state, std::vector<Microseconds>& waits) {
  state.SetItemsProcessed(static_cast<std::int64_t>(waits.size()));
  if (waits.empty()) return;
  std::sort(waits.begin(), waits.end());
  auto at = [&](double part) { return waits[static_cast<std::size_t>(part * static_cast<double>(waits.size() - 1))]; };
  state.counters["p50_us"] = at(0.5).count();
  state.counters["p99_us"] = at(0.99).count();
  state.counters["max_us"] = waits.back().count();
}

struct Store {
  Folder folder;
  net::Runtime runtime;
  std::unique_ptr<Database> database = sqlite::open_database(runtime, folder.path).value();
  std::vector<std::int64_t> seqs;
  std::vector<Microseconds> waits;

  net::Task<void> timed(Transaction work) {
    const auto begun = std::chrono::steady_clock::now();
    auto written = co_await database->write(std::move(work));
    waits.push_back(std::chrono::steady_clock::now() - begun);
    co_return written;
  }

  void fill() {
    auto all = [](Connection& connection) -> Result<void> {
      for (int i = 0; i < kExecutions; ++i) TRY(create(connection, i));
      return {};
    };
    run_to_end(runtime, [&] { return database->write(all); }).value();
    seqs.assign(kExecutions, 0);
  }

  // `writers` tasks, each writing `each` steps one after the other, every task to executions of its own.
  void run(int writers, int each) {
    run_to_end(runtime, [&]() -> boost::asio::awaitable<void> {
      net::TaskGroup group(runtime);
      for (int writer = 0; writer < writers; ++writer) {
        group.spawn("writer", [this, writer, writers, each]() -> boost::asio::awaitable<void> {
          for (int turn = 0; turn < each; ++turn) {
            const int i = (writer + turn * writers) % kExecutions;
            const auto seq = seqs[static_cast<std::size_t>(i)]++;
            (co_await timed([i, seq](Connection& connection) { return step(connection, i, seq); })).value();
          }
        });
      }
      co_await group.join();
    });
  }
};

void steps(benchmark::State& state) {
  Store store;
  store.fill();
  const int writers = static_cast<int>(state.range(0));
  store.run(writers, 8000 / writers / 4);  // warm
  store.waits.clear();
  const auto before = store.database->statistics();
  for (auto _ : state) store.run(writers, std::max(1, 20'000 / std::max(writers, 8)));
  const auto after = store.database->statistics();
  latencies(state, store.waits);
  state.counters["per_commit"] = static_cast<double>(after.transactions - before.transactions) /
                                 static_cast<double>(after.commits - before.commits);
}
BENCHMARK(steps)->ArgName("writers")->RangeMultiplier(4)->Range(1, 1024)->UseRealTime()->Unit(benchmark::kMillisecond);

void creates(benchmark::State& state) {
  Store store;
  int i = 0;
  for (auto _ : state) {
    run_to_end(store.runtime, [&] {
      return store.timed([i](Connection& connection) { return create(connection, i); });
    }).value();
    ++i;
  }
  latencies(state, store.waits);
}
BENCHMARK(creates)->UseRealTime()->Unit(benchmark::kMicrosecond);

void keyed_reads(benchmark::State& state) {
  Store store;
  store.fill();
  int i = 0;
  for (auto _ : state) {
    i = (i + 7919) % kExecutions;
    if (!find_environment(store.database->reader(), base::EnvironmentId(number("env-", i))).value()) std::abort();
  }
}
BENCHMARK(keyed_reads)->UseRealTime()->Unit(benchmark::kMicrosecond);

// What a start reads to know all that waits.
void active_executions(benchmark::State& state) {
  Store store;
  store.fill();
  std::int64_t seen = 0;
  for (auto _ : state) {
    each_due_execution(store.database->reader(), base::Time{}, [&](const Due&) { ++seen; }).value();
    each_later_execution(store.database->reader(), base::Time{}, [&](const Due&) { ++seen; }).value();
  }
  state.SetItemsProcessed(seen);
}
BENCHMARK(active_executions)->UseRealTime()->Unit(benchmark::kMillisecond);

// A page somewhere in the middle of very many environments.
void list_page(benchmark::State& state) {
  Store store;
  const int count = static_cast<int>(state.range(0));
  for (int from = 0; from < count; from += 10'000) {
    run_to_end(store.runtime, [&] {
      return store.database->write([&, from](Connection& connection) -> Result<void> {
        for (int i = from; i < std::min(from + 10'000, count); ++i) TRY(insert_environment(connection, environment(i)));
        return {};
      });
    }).value();
  }
  int i = 0;
  for (auto _ : state) {
    i = static_cast<int>((i + 7919LL * 101) % count);
    const auto begun = std::chrono::steady_clock::now();
    // A page of GET /slipway/v1/environments: the ids, then each row by its key.
    const auto ids =
        list_environment_ids(store.database->reader(), {}, base::EnvironmentId(number("env-", i)), 100).value();
    for (const auto& id : ids) find_environment(store.database->reader(), id).value();
    store.waits.push_back(std::chrono::steady_clock::now() - begun);
  }
  latencies(state, store.waits);
}
BENCHMARK(list_page)->Arg(1'000'000)->Iterations(2000)->UseRealTime()->Unit(benchmark::kMicrosecond);

void sync(benchmark::State& state) {
  Folder folder;
  const int fd = open((folder.path + "/file").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const std::string block(4096, 'b');
  std::vector<Microseconds> waits;
  for (auto _ : state) {
    const auto begun = std::chrono::steady_clock::now();
    if (write(fd, block.data(), block.size()) < 0 || fdatasync(fd) != 0) std::abort();
    waits.push_back(std::chrono::steady_clock::now() - begun);
  }
  close(fd);
  latencies(state, waits);
}
BENCHMARK(sync)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace slipway::storage

BENCHMARK_MAIN();
