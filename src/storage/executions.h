#pragma once
// Rows of `execution`, `journal` and `effect`, and the one guarded write that moves an execution (section 2.4 of the
// automation documents' contract). Used by the workflow engine. Knows no state by name: an execution is active until
// ended_at is set.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "storage/database.h"

namespace slipway::storage {

struct ExecutionRow {
  // Set once, by insert_execution.
  base::ExecutionId id;
  base::EnvironmentId environment_id;
  std::string document_name;
  std::int64_t document_version = 0;
  std::string kind;  // launch, terminate, ...
  std::string correlation_id;
  base::Time created_at{};
  std::string parent_id;  // the execution whose aws:executeAutomation this is; else empty
  std::string retry_of;   // the ended execution that this one does again; else empty

  // Written by every move.
  std::string state;
  std::string cursor;  // step path; empty before the first step
  std::int64_t visit = 0;
  std::int64_t attempt = 0;
  std::int64_t generation = 0;
  std::optional<base::Time> wake_at;  // the earliest time at which something is due; unset: nothing waits for the clock
  std::optional<base::Time> deadline;  // of the current step
  std::string progress = "{}";         // JSON object: what else the engine keeps of where it is; small
  std::string vals = "{}";             // JSON object: parameters and outputs; written where Move::vals_changed
  std::string failure_code;            // both empty where nothing failed
  std::string failure_text;
  std::optional<base::Time> started_at;
  std::optional<base::Time> ended_at;  // set: never changes again

  // The guard: as they were read.
  std::int64_t seq = 0;    // rises by 1 with every move
  std::int64_t fence = 1;  // rises when another broker takes over

  // Written by request_cancel alone.
  std::optional<base::Time> cancel_at;
  std::string cancel_by;
  std::string cancel_kind;  // empty: as soon as it may be; "complete": after the current step
};

inline constexpr std::string_view kComplete = "complete";  // a cancel_kind

struct JournalRow {
  std::int64_t jid = 0;  // order of appending over all executions; given by the store
  base::ExecutionId execution_id;
  std::int64_t seq = 0;  // of the move that wrote it; several rows may share one
  std::int64_t fence = 0;
  std::string step;
  std::int64_t visit = 0;
  std::int64_t attempt = 0;
  std::string kind;  // Entered, Intent, Outcome, Waiting, Cancel, Note ...
  base::Time at{};
  std::string payload = "{}";  // JSON object, free of secrets
};

struct EffectRow {
  base::ExecutionId execution_id;
  std::string step;
  std::int64_t visit = 0;
  std::int64_t generation = 0;
  // Set once, with the intent.
  std::string token;
  std::string action;        // "local:..."
  std::string effect_class;  // the engine's words
  std::string request_hash;
  // Written again with every upsert.
  std::string state;  // intent, ambiguous, known_ok, known_failed, held
  std::int64_t sends = 0;
  std::optional<base::Time> first_sent;
  std::optional<base::Time> last_sent;
  std::string outcome = "{}";  // JSON object: remote ids, failure
};

// The functions below block for a few statements each; call those that write inside one Database::write.

// Stores `row` (seq and fence as they are) and `journal` (execution_id, seq and fence are filled in). Errors: conflict
// where its environment already has an active execution (those with a parent do not count) or the id exists, or its
// environment or document does not.
base::Result<void> insert_execution(Connection& connection, const ExecutionRow& row,
                                    const std::vector<JournalRow>& journal);

// One step of an execution, written whole or not at all.
struct Move {
  ExecutionRow next;  // how it shall be, with seq and fence as they were read
  bool vals_changed = true;
  bool ignore_cancel = false;       // for moves that carry out a cancellation
  bool ignore_complete = false;     // for moves that know of a cancellation of kind "complete", and of no other
  std::vector<JournalRow> journal;  // execution_id, seq and fence are filled in
  std::vector<EffectRow> effects;   // inserted or updated; execution_id is filled in
};
enum class Moved {
  yes,        // stored seq is next.seq + 1 now
  cancelled,  // not written: a cancel arrived since it was read, and the move does not ignore it
  lost,       // not written: fence or seq are others, or it ended, or does not exist. Drop it and read again
};
// Guard: id, seq and fence as in `next`, not ended, and no cancel unless ignored. Not written is no error: what else
// the transaction does must then be left out by the caller.
base::Result<Moved> move_execution(Connection& connection, const Move& move);

// Asks an execution to end: sets cancel_at (kept where it is set already, but for a "complete" that becomes a cancel),
// makes it due at `at` and appends a journal row of kind Cancel. Gives false where it has ended or does not exist.
// Idempotent. It does not raise seq.
base::Result<bool> request_cancel(Connection& connection, const base::ExecutionId& id, std::string_view by,
                                  base::Time at, std::string_view kind = {});

// Tells the parent of a child that ended: makes it due at `at`, and appends `entry` to its journal under a seq of its
// own, so that a move of the parent that does not know of it is lost. Nothing happens where the parent has ended.
base::Result<void> tell_parent(Connection& connection, const base::ExecutionId& parent, JournalRow entry,
                               base::Time at);

base::Result<std::optional<ExecutionRow>> find_execution(Connection& connection, const base::ExecutionId& id);
// The one without a parent.
base::Result<std::optional<ExecutionRow>> find_active_execution(Connection& connection,
                                                                const base::EnvironmentId& environment_id);
// Newest first, at most `limit`; children too.
base::Result<std::vector<ExecutionRow>> executions_of(Connection& connection, const base::EnvironmentId& environment_id,
                                                      int limit);

// An active execution. Of those that are due by then also what is needed to bring them on their way.
struct Due {
  base::ExecutionId id;
  std::optional<base::Time> wake_at;
  std::string state;
  std::string kind;
  bool cancelled = false;
};
// Those that are due at `now` or wait for no time, soonest first, those without wake_at before all others.
base::Result<void> each_due_execution(Connection& connection, base::Time now, const std::function<void(Due)>& visit);
// Those that are due after `now`, soonest first, id and wake_at alone. Reads an index and no row, so that 100,000 of
// them cost little at start.
base::Result<void> each_later_execution(Connection& connection, base::Time now, const std::function<void(Due)>& visit);

// Rows with jid > `after_jid`, oldest first, at most `limit`.
base::Result<std::vector<JournalRow>> journal_of(Connection& connection, const base::ExecutionId& id,
                                                 std::int64_t after_jid, int limit);

// In the order of step, visit and generation.
base::Result<std::vector<EffectRow>> effects_of(Connection& connection, const base::ExecutionId& id);

}  // namespace slipway::storage
