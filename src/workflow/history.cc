#include "workflow/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value_to.hpp>

#include "storage/executions.h"
#include "workflow/journal.h"
#include "workflow/signal.h"
#include "workflow/state.h"

namespace slipway::workflow {

namespace json = boost::json;

namespace {

constexpr int kMostRows = 50'000;  // a hundred iterations of a long body

std::string text_of(const json::object& payload, std::string_view name) {
  const auto* value = payload.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

json::object object_of(const json::object& payload, std::string_view name) {
  const auto* value = payload.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : json::object{};
}

Reason reason_of(const json::object& payload) {
  Reason reason{text_of(payload, "code"), text_of(payload, "message"), {}};
  const auto* lines = payload.if_contains("evidence");
  if (lines != nullptr && lines->is_array()) reason.evidence = json::value_to<std::vector<std::string>>(*lines);
  return reason;
}

StepHistory entered(const storage::JournalRow& row, const json::object& payload) {
  StepHistory step;
  step.step = row.step;
  step.action = text_of(payload, "action");
  step.visit = static_cast<int>(row.visit);
  step.status = to_string(Status::in_progress);
  step.entered_at = row.at;
  step.inputs = object_of(payload, "inputs");
  return step;
}

// The step that a row is about; null where none of its path was entered.
StepHistory* step_of(const storage::JournalRow& row, ExecutionHistory& history) {
  const auto found = std::find_if(history.steps.rbegin(), history.steps.rend(), [&](const StepHistory& step) {
    return step.step == row.step && step.visit == static_cast<int>(row.visit);
  });
  return found == history.steps.rend() ? nullptr : &*found;
}

void tell_step(const storage::JournalRow& row, json::object payload, StepHistory& step) {
  step.attempts = std::max(step.attempts, static_cast<int>(row.attempt));
  if (row.kind == "Takeover") ++step.restarts;
  // What was held is called again at its first attempt, of which no row tells.
  const bool again = row.kind == "Signal" && text_of(payload, "signal") == to_string(Signal::Kind::retry);
  if (row.kind == "Sent" || again) {
    step.status = to_string(Status::in_progress);
    step.reason = {};
    step.waits_for.clear();
  }
  if (row.kind == "Note") step.notes.push_back(in_a_line(payload));
  if (row.kind == "Waiting") {
    step.status = to_string(Status::waiting);
    step.reason = reason_of(payload);
    // What is held waits for nothing that has a name: its row tells why.
    step.waits_for = payload.contains("for") ? text_of(payload, "for") : "decision";
    if (payload.contains("child")) step.child = text_of(payload, "child");
  }
  if (row.kind == "Retry") {
    step.status = to_string(Status::waiting);
    step.failed_attempts.push_back(
        {static_cast<int>(row.attempt), row.at, text_of(payload, "status"), reason_of(payload)});
  }
  if (row.kind == "Outcome") {
    step.status = text_of(payload, "status");
    step.ended_at = row.at;
    step.reason = reason_of(payload);
    step.waits_for.clear();
    if (auto* outputs = payload.if_contains("outputs")) step.outputs = std::move(*outputs);
  }
}

void tell(const storage::JournalRow& row, ExecutionHistory& history) {
  auto payload = read_payload(row.payload);
  if (row.kind == "Accepted") {
    history.by = text_of(payload, "by");
    history.parameters = object_of(payload, "parameters");
    history.variables = object_of(payload, "variables");
    return;
  }
  if (row.kind == "Entered") return history.steps.push_back(entered(row, payload));
  if (row.kind == "Signal") {
    history.signals.push_back(
        {text_of(payload, "signal"), text_of(payload, "by"), text_of(payload, "comment"), row.step, row.at});
  }
  if (row.kind == "Variable") {
    for (auto& [name, value] : payload) history.variables[name] = value;
  }
  if (auto* step = step_of(row, history)) tell_step(row, std::move(payload), *step);
}

base::Result<ExecutionHistory> history_of_row(storage::Connection& connection, const storage::ExecutionRow& row) {
  ExecutionHistory history{.id = row.id,
                           .environment_id = row.environment_id,
                           .kind = row.kind,
                           .document = row.document_name,
                           .document_version = row.document_version,
                           .status = row.state,
                           .by = {},
                           .correlation_id = row.correlation_id,
                           .parent_id = row.parent_id,
                           .retry_of = row.retry_of,
                           .parameters = {},
                           .variables = {},
                           .created_at = row.created_at,
                           .started_at = row.started_at,
                           .ended_at = row.ended_at,
                           .cancelled_at = row.cancel_at,
                           .cancelled_by = row.cancel_by,
                           .completing = row.cancel_kind == storage::kComplete,
                           .failed_step = {},
                           .reason = {},
                           .steps = {},
                           .signals = {}};
  for (const auto& entry : TRY(storage::journal_of(connection, row.id, 0, kMostRows))) tell(entry, history);
  for (const auto& effect : TRY(storage::effects_of(connection, row.id))) {
    for (auto& step : history.steps) {
      if (step.step != effect.step || step.visit != effect.visit) continue;
      step.effect = effect.state;
      step.token = effect.token;
    }
  }
  const auto state = TRY(read_progress(row));
  if (const auto& failure = state.failure) {
    history.failed_step = failure->step;
    history.reason = {failure->code, failure->message, failure->evidence};
  }
  return history;
}

}  // namespace

base::Result<ExecutionHistory> history_of(storage::Connection& connection, const base::ExecutionId& id) {
  auto row = TRY(storage::find_execution(connection, id));
  if (!row) return base::not_found(fmt::format("there is no execution {}", id.str()));
  return history_of_row(connection, *row);
}

base::Result<std::vector<ExecutionHistory>> histories_of(storage::Connection& connection,
                                                         const base::EnvironmentId& environment, int limit) {
  std::vector<ExecutionHistory> histories;
  for (const auto& row : TRY(storage::executions_of(connection, environment, limit))) {
    histories.push_back(TRY(history_of_row(connection, row)));
  }
  return histories;
}

}  // namespace slipway::workflow
