#include "storage/columns.h"
#include "storage/executions.h"

namespace slipway::storage {

using base::Result;

namespace {

JournalRow read_journal(Columns columns) {
  JournalRow row;
  row.jid = columns.integer();
  row.execution_id = base::ExecutionId(columns.text());
  row.seq = columns.integer();
  row.fence = columns.integer();
  row.step = columns.text();
  row.visit = columns.integer();
  row.attempt = columns.integer();
  row.kind = columns.text();
  row.at = columns.time();
  row.payload = columns.text();
  return row;
}

EffectRow read_effect(Columns columns) {
  EffectRow row;
  row.execution_id = base::ExecutionId(columns.text());
  row.step = columns.text();
  row.visit = columns.integer();
  row.generation = columns.integer();
  row.token = columns.text();
  row.action = columns.text();
  row.effect_class = columns.text();
  row.request_hash = columns.text();
  row.state = columns.text();
  row.sends = columns.integer();
  row.first_sent = columns.optional_time();
  row.last_sent = columns.optional_time();
  row.outcome = columns.text();
  return row;
}

}  // namespace

Result<std::vector<JournalRow>> journal_of(Connection& connection, const base::ExecutionId& id, std::int64_t after_jid,
                                           int limit) {
  return all_rows(connection,
                  "SELECT jid, execution_id, seq, fence, step, visit, attempt, kind, at, payload FROM journal "
                  "WHERE execution_id = ? AND jid > ? ORDER BY jid LIMIT ?",
                  {id.str(), after_jid, limit}, read_journal);
}

Result<std::vector<EffectRow>> effects_of(Connection& connection, const base::ExecutionId& id) {
  return all_rows(connection,
                  "SELECT execution_id, step, visit, generation, token, action, effect_class, request_hash, state, "
                  "sends, first_sent, last_sent, outcome FROM effect WHERE execution_id = ? "
                  "ORDER BY step, visit, generation",
                  {id.str()}, read_effect);
}

}  // namespace slipway::storage
