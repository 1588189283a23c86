#include "server/metrics.h"

namespace slipway::server {

namespace {

void advance(observe::Counter& counter, std::uint64_t total) {
  counter.add(static_cast<double>(total) - counter.value());
}

}  // namespace

void add_metrics(observe::Metrics& metrics, const broker::Environments& environments,
                 const storage::Database& database) {
  observe::add_process_metrics(metrics);
  auto running = metrics.gauge("slipway_executions", "Executions by state", {{"state", "running"}});
  auto queued = metrics.gauge("slipway_executions", "Executions by state", {{"state", "queued"}});
  auto waiting = metrics.gauge("slipway_executions", "Executions by state", {{"state", "waiting"}});
  auto steps = metrics.counter("slipway_steps_committed_total", "Step outcomes committed since the start");
  auto commits = metrics.counter("slipway_database_commits_total", "Group commits since the start");
  auto transactions = metrics.counter("slipway_database_transactions_total", "Transactions in those commits");
  auto writes = metrics.gauge("slipway_database_queue", "Transactions that wait for the writer");
  auto size = metrics.gauge("slipway_database_size_bytes", "Size of the database");
  metrics.before_print([=, &environments, &database]() mutable {
    const auto engine = environments.statistics();
    running.set(static_cast<double>(engine.running));
    queued.set(static_cast<double>(engine.queued));
    waiting.set(static_cast<double>(engine.waiting));
    advance(steps, engine.steps);
    const auto store = database.statistics();
    advance(commits, store.commits);
    advance(transactions, store.transactions);
    writes.set(static_cast<double>(store.queued));
    size.set(static_cast<double>(store.size_bytes));
  });
}

}  // namespace slipway::server
