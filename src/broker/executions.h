#pragma once
// Executions as people meet them: lists, what became of one, and what is said to one. Owned by the environments
// service; used by surfaces. On the I/O thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "broker/cause.h"
#include "broker/environment_cache.h"
#include "storage/database.h"
#include "storage/executions.h"
#include "storage/listings.h"
#include "workflow/engine.h"
#include "workflow/history.h"

namespace slipway::broker {

struct ExecutionPage {
  std::vector<storage::ListedExecution> executions;  // newest first
  std::string next;                                  // token of the next page, empty at the end
};

class Executions {
 public:
  // All outlive it.
  Executions(storage::Database& database, const base::Clock& clock, workflow::Engine& engine, EnvironmentCache& cache);

  // At most `limit`; `token` as a page before gave it, else empty.
  net::Task<ExecutionPage> list(storage::ExecutionFilter filter, std::string token, int limit);
  // Errors: not_found, here and in what follows.
  net::Task<workflow::ExecutionHistory> find(base::ExecutionId id);
  // The same, and behind the steps that were entered those that were not, as Pending.
  net::Task<workflow::ExecutionHistory> describe(base::ExecutionId id);
  // Rows behind `after`, oldest first.
  net::Task<std::vector<storage::JournalRow>> journal(base::ExecutionId id, std::int64_t after, int limit);

  // Of those that were started by another one: the first of them, or the last, for which all others wait.
  enum class Meant { the_whole, the_one_that_waits };
  // The newest of an environment; nothing where it has none.
  base::Result<std::optional<base::ExecutionId>> newest(const base::EnvironmentId& environment, Meant meant);

  // Says to an execution what it waits for, as workflow::Engine::signal does; the signal is the cause's caller's.
  // Returns when it has acted, as cancel() does: what is told of the execution then is what came of it.
  net::Task<workflow::SignalResult> signal(base::ExecutionId id, workflow::Signal signal, Cause cause);
  // Ends one, as workflow::Engine::cancel does. Returns when it has acted, or its step has not stopped within seconds.
  // Errors: conflict where it has ended.
  net::Task<void> cancel(base::ExecutionId id, bool complete, Cause cause);

 private:
  storage::Database& database_;
  const base::Clock& clock_;
  workflow::Engine& engine_;
  EnvironmentCache& cache_;
};

}  // namespace slipway::broker
