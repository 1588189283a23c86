#pragma once
// Executions as the engine moves them: read with their pinned plan, written one transition at a time under the guard of
// storage/executions.h. Used by engine.cc alone, on the I/O thread.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "net/runtime.h"
#include "storage/database.h"
#include "workflow/document.h"
#include "workflow/state.h"
#include "workflow/transition.h"

namespace slipway::workflow {

class ExecutionStore {
 public:
  ExecutionStore(net::Runtime& runtime, storage::Database& database, const ActionRegistry& actions,
                 const storage::Sealing& sealing)
      : runtime_(runtime), database_(database), actions_(actions), sealing_(sealing) {}

  // Reads what all executions share. Call it before the rest.
  base::Result<void> open();

  struct Live {
    Execution execution;
    std::shared_ptr<const Plan> plan;
  };
  // Nothing where it has ended or there is none. Errors: internal, where this broker cannot run it.
  base::Result<std::optional<Live>> load(const base::ExecutionId& id);
  // Errors: internal, where this broker cannot read it.
  base::Result<Execution> read(storage::ExecutionRow row) const { return read_row(std::move(row), sealing_); }

  // How the execution has ended, as its parent is told; nothing where it has not.
  base::Result<std::optional<Event::Child>> end_of(const base::ExecutionId& id);

  // The pinned document of a row.
  base::Result<std::shared_ptr<const Plan>> plan_of(const storage::ExecutionRow& row);

  // Asked for by request_cancel, or nothing.
  base::Result<std::optional<CancelRequest>> cancel_of(const base::ExecutionId& id);

  // Writes `next` again and again until the database takes it or `give_up` says so: an outcome is never dropped.
  // `with` runs in the same transaction, after the move. Moved::yes leaves `execution` as it is stored now; nothing
  // means that it gave up, with the outcome unknown.
  boost::asio::awaitable<std::optional<storage::Moved>> commit(Execution& execution, const Transition& next,
                                                               base::Time now, storage::Transaction with,
                                                               std::function<bool()> give_up);

 private:
  bool is_stored(const storage::ExecutionRow& next);
  // Waits until not too many are being written, in the order of asking.
  net::Task<void> write_in_turn(storage::Transaction work);

  net::Runtime& runtime_;
  storage::Database& database_;
  const ActionRegistry& actions_;
  const storage::Sealing& sealing_;
  std::string installation_id_;
  int writing_ = 0;
  std::deque<std::function<void()>> turns_;                                            // of those that wait
  std::map<std::pair<std::string, std::int64_t>, std::shared_ptr<const Plan>> plans_;  // by document and version
};

}  // namespace slipway::workflow
