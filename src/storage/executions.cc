#include "storage/executions.h"

#include <fmt/format.h>

#include "storage/columns.h"

namespace slipway::storage {

using base::Result;

namespace {

const std::string kSelect =
    "SELECT id, environment_id, document_name, document_version, kind, correlation_id, created_at, state, cursor, "
    "visit, attempt, generation, wake_at, deadline, progress, vals, failure_code, failure_text, started_at, ended_at, "
    "seq, fence, cancel_at, cancel_by, parent_id, retry_of, cancel_kind FROM execution ";

ExecutionRow read_execution(Columns columns) {
  ExecutionRow row;
  row.id = base::ExecutionId(columns.text());
  row.environment_id = base::EnvironmentId(columns.text());
  row.document_name = columns.text();
  row.document_version = columns.integer();
  row.kind = columns.text();
  row.correlation_id = columns.text();
  row.created_at = columns.time();
  row.state = columns.text();
  row.cursor = columns.text();
  row.visit = columns.integer();
  row.attempt = columns.integer();
  row.generation = columns.integer();
  row.wake_at = columns.optional_time();
  row.deadline = columns.optional_time();
  row.progress = columns.text();
  row.vals = columns.text();
  row.failure_code = columns.text();
  row.failure_text = columns.text();
  row.started_at = columns.optional_time();
  row.ended_at = columns.optional_time();
  row.seq = columns.integer();
  row.fence = columns.integer();
  row.cancel_at = columns.optional_time();
  row.cancel_by = columns.text();
  row.parent_id = columns.text();
  row.retry_of = columns.text();
  row.cancel_kind = columns.text();
  return row;
}

// `seq` and `fence` are those of the execution after the move.
Result<void> append_journal(Connection& connection, const base::ExecutionId& id, std::int64_t seq, std::int64_t fence,
                            const JournalRow& row) {
  TRY(connection.execute(
      "INSERT INTO journal (execution_id, seq, fence, step, visit, attempt, kind, at, payload) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {id.str(), seq, fence, row.step, row.visit, row.attempt, row.kind, column(row.at), row.payload}));
  return {};
}

Result<void> put_effect(Connection& connection, const base::ExecutionId& id, const EffectRow& row) {
  TRY(connection.execute(
      "INSERT INTO effect (execution_id, step, visit, generation, token, action, effect_class, request_hash, state, "
      "sends, first_sent, last_sent, outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (execution_id, step, visit, generation) DO UPDATE SET state = excluded.state, "
      "sends = excluded.sends, first_sent = excluded.first_sent, last_sent = excluded.last_sent, "
      "outcome = excluded.outcome",
      {id.str(), row.step, row.visit, row.generation, row.token, row.action, row.effect_class, row.request_hash,
       row.state, row.sends, column(row.first_sent), column(row.last_sent), row.outcome}));
  return {};
}

// The guard of section 2.4. COALESCE keeps the values where they did not change.
Result<bool> write_guarded(Connection& connection, const Move& move) {
  const auto& next = move.next;
  const Value vals = move.vals_changed ? Value(std::string_view(next.vals)) : Value(nullptr);
  const auto moved = TRY(connection.execute(
      "UPDATE execution SET state = ?, cursor = ?, visit = ?, attempt = ?, generation = ?, wake_at = ?, deadline = ?, "
      "progress = ?, vals = COALESCE(?, vals), failure_code = ?, failure_text = ?, started_at = ?, ended_at = ?, seq = "
      "seq + 1 "
      "WHERE id = ? AND fence = ? AND seq = ? AND ended_at IS NULL "
      "AND (cancel_at IS NULL OR ? = 1 OR (? = 1 AND cancel_kind = 'complete'))",
      {next.state, next.cursor, next.visit, next.attempt, next.generation, column(next.wake_at), column(next.deadline),
       next.progress, vals, next.failure_code, next.failure_text, column(next.started_at), column(next.ended_at),
       next.id.str(), next.fence, next.seq, column(move.ignore_cancel), column(move.ignore_complete)}));
  return moved == 1;
}

Result<Moved> why_not_moved(Connection& connection, const ExecutionRow& next) {
  const auto stored = TRY(find_execution(connection, next.id));
  const bool as_read = stored && !stored->ended_at && stored->seq == next.seq && stored->fence == next.fence;
  return as_read && stored->cancel_at ? Moved::cancelled : Moved::lost;
}

}  // namespace

Result<void> insert_execution(Connection& connection, const ExecutionRow& row, const std::vector<JournalRow>& journal) {
  auto inserted = connection.execute(
      "INSERT INTO execution (id, environment_id, document_name, document_version, kind, correlation_id, created_at, "
      "state, cursor, visit, attempt, generation, wake_at, deadline, progress, vals, failure_code, failure_text, "
      "started_at, ended_at, seq, fence, cancel_at, cancel_by, parent_id, retry_of, cancel_kind) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {row.id.str(),
       row.environment_id.str(),
       row.document_name,
       row.document_version,
       row.kind,
       row.correlation_id,
       column(row.created_at),
       row.state,
       row.cursor,
       row.visit,
       row.attempt,
       row.generation,
       column(row.wake_at),
       column(row.deadline),
       row.progress,
       row.vals,
       row.failure_code,
       row.failure_text,
       column(row.started_at),
       column(row.ended_at),
       row.seq,
       row.fence,
       column(row.cancel_at),
       row.cancel_by,
       row.parent_id,
       row.retry_of,
       row.cancel_kind});
  if (!inserted && inserted.error().kind == base::ErrorKind::conflict) {
    return base::conflict(fmt::format("environment {} is busy with another execution: wait until it has ended",
                                      row.environment_id.str()))
        .with_context(inserted.error().message);
  }
  TRY(std::move(inserted));
  for (const auto& entry : journal) TRY(append_journal(connection, row.id, row.seq, row.fence, entry));
  return {};
}

Result<Moved> move_execution(Connection& connection, const Move& move) {
  const auto& next = move.next;
  if (!TRY(write_guarded(connection, move))) return why_not_moved(connection, next);
  for (const auto& entry : move.journal) TRY(append_journal(connection, next.id, next.seq + 1, next.fence, entry));
  for (const auto& effect : move.effects) TRY(put_effect(connection, next.id, effect));
  return Moved::yes;
}

Result<bool> request_cancel(Connection& connection, const base::ExecutionId& id, std::string_view by, base::Time at,
                            std::string_view kind) {
  const auto stored = TRY(find_execution(connection, id));
  if (!stored || stored->ended_at) return false;
  const bool stronger = stored->cancel_kind == kComplete && kind != kComplete;
  if (stored->cancel_at && !stronger) return true;
  TRY(connection.execute("UPDATE execution SET cancel_at = ?, cancel_by = ?, cancel_kind = ?, wake_at = ? WHERE id = ?",
                         {column(at), by, kind, column(at), id.str()}));
  JournalRow entry;
  entry.step = stored->cursor;
  entry.visit = stored->visit;
  entry.attempt = stored->attempt;
  entry.kind = "Cancel";
  entry.at = at;
  if (kind == kComplete) entry.payload = R"({"kind":"complete"})";
  TRY(append_journal(connection, id, stored->seq, stored->fence, entry));
  return true;
}

Result<void> tell_parent(Connection& connection, const base::ExecutionId& parent, JournalRow entry, base::Time at) {
  const auto stored = TRY(find_execution(connection, parent));
  if (!stored || stored->ended_at) return {};
  TRY(connection.execute("UPDATE execution SET wake_at = ?, seq = seq + 1 WHERE id = ?", {column(at), parent.str()}));
  entry.step = stored->cursor;
  entry.visit = stored->visit;
  entry.attempt = stored->attempt;
  return append_journal(connection, parent, stored->seq + 1, stored->fence, entry);
}

Result<std::optional<ExecutionRow>> find_execution(Connection& connection, const base::ExecutionId& id) {
  static const std::string sql = kSelect + "WHERE id = ?";
  return first_row(connection, sql, {id.str()}, read_execution);
}

Result<std::optional<ExecutionRow>> find_active_execution(Connection& connection,
                                                          const base::EnvironmentId& environment_id) {
  static const std::string sql = kSelect + "WHERE environment_id = ? AND ended_at IS NULL AND parent_id = ''";
  return first_row(connection, sql, {environment_id.str()}, read_execution);
}

Result<std::vector<ExecutionRow>> executions_of(Connection& connection, const base::EnvironmentId& environment_id,
                                                int limit) {
  static const std::string sql = kSelect + "WHERE environment_id = ? ORDER BY id DESC LIMIT ?";
  return all_rows(connection, sql, {environment_id.str(), limit}, read_execution);
}

Result<void> each_due_execution(Connection& connection, base::Time now, const std::function<void(Due)>& visit) {
  return connection.query(
      "SELECT id, wake_at, state, kind, cancel_at IS NOT NULL FROM execution WHERE ended_at IS NULL "
      "AND (wake_at IS NULL OR wake_at <= ?) ORDER BY wake_at NULLS FIRST, id",
      {column(now)}, [&](const Row& row) {
        Columns columns(row);
        Due due;
        due.id = base::ExecutionId(columns.text());
        due.wake_at = columns.optional_time();
        due.state = columns.text();
        due.kind = columns.text();
        due.cancelled = columns.flag();
        visit(std::move(due));
      });
}

Result<void> each_later_execution(Connection& connection, base::Time now, const std::function<void(Due)>& visit) {
  return connection.query(
      "SELECT id, wake_at FROM execution WHERE ended_at IS NULL AND wake_at > ? ORDER BY wake_at, id", {column(now)},
      [&](const Row& row) {
        Columns columns(row);
        Due due;
        due.id = base::ExecutionId(columns.text());
        due.wake_at = columns.optional_time();
        visit(std::move(due));
      });
}

}  // namespace slipway::storage
