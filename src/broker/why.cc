#include "broker/why.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <charconv>

#include "base/text.h"
#include "broker/ending.h"
#include "broker/rows.h"
#include "workflow/parameters.h"
#include "workflow/reference.h"

namespace slipway::broker {

namespace {

using boost::json::array;
using boost::json::object;
using workflow::ExecutionHistory;
using workflow::StepHistory;

constexpr int kMostRequests = 100;
constexpr int kMostExecutions = 100;

bool succeeded(std::string_view status) {
  return status == workflow::to_string(workflow::Status::success);
}

base::Result<Explanation> read_explanation(storage::Connection& connection, const std::string& name_or_id,
                                           const storage::Sealing& sealing) {
  const auto execution = TRY(storage::find_execution(connection, base::ExecutionId(name_or_id)));
  const auto meant = execution ? execution->environment_id : TRY(environment_meant(connection, name_or_id));
  if (!meant) {
    return base::not_found(
        fmt::format("There is and was no environment {}, and no execution of that id. They are listed by "
                    "`slipway env list` and `slipway execution list`.",
                    base::excerpt(name_or_id)));
  }
  Explanation explanation;
  const auto& id = *meant;
  auto row = TRY(storage::find_environment(connection, id));
  explanation.environment = std::make_shared<const Environment>(TRY(from_row(std::move(row).value(), sealing)));
  explanation.requests = TRY(storage::list_audit(connection, id.str(), 0, kMostRequests));
  if (execution) {
    explanation.executions.push_back(TRY(workflow::history_of(connection, execution->id)));
  } else {
    explanation.executions = TRY(workflow::histories_of(connection, id, kMostExecutions));
  }
  std::ranges::reverse(explanation.requests);
  std::ranges::reverse(explanation.executions);
  return explanation;
}

void put_text(object& into, std::string_view key, std::string_view text) {
  if (!text.empty()) into[key] = text;
}

void put_time(object& into, std::string_view key, const std::optional<base::Time>& time) {
  if (time) into[key] = base::iso8601(*time);
}

void put_json(object& into, std::string_view key, const std::string& text) {
  if (!text.empty()) into[key] = boost::json::parse(text);
}

void put_failure(object& into, const workflow::Reason& reason) {
  if (reason.code.empty() && reason.message.empty()) return;
  object body{{"code", reason.code}, {"message", reason.message}};
  if (!reason.evidence.empty()) body["evidence"] = array(reason.evidence.begin(), reason.evidence.end());
  into["failure"] = std::move(body);
}

object request_json(const storage::AuditRow& row) {
  object body{{"at", base::iso8601(row.at)}, {"operation", row.what}, {"surface", row.surface}, {"who", row.who}};
  put_text(body, "requestId", row.request_id);
  put_text(body, "correlationId", row.correlation_id);
  put_json(body, "before", row.before);
  put_json(body, "after", row.after);
  return body;
}

// What the approvers of a step were asked, and what they said, oldest first.
object approval_json(const StepHistory& step, const std::vector<workflow::SignalHistory>& signals) {
  object body;
  for (const auto& [key, input] : {std::pair{"message", "Message"}, {"approvers", "Approvers"}}) {
    if (const auto* value = step.inputs.if_contains(input)) body[key] = *value;
  }
  // A document may write the number as text.
  if (const auto* least = step.inputs.if_contains("MinRequiredApprovals")) {
    const auto text = workflow::to_text(*least);
    std::int64_t required = 1;
    std::from_chars(text.data(), text.data() + text.size(), required);
    body["required"] = required;
  }
  array decisions;
  for (const auto& signal : signals) {
    const bool of_this_visit =
        signal.step == step.step && signal.at >= step.entered_at && (!step.ended_at || signal.at <= *step.ended_at);
    if (!of_this_visit) continue;
    object decision{{"decision", signal.signal}, {"by", signal.by}, {"at", base::iso8601(signal.at)}};
    put_text(decision, "comment", signal.comment);
    decisions.push_back(std::move(decision));
  }
  body["decisions"] = std::move(decisions);
  return body;
}

object step_json(const StepHistory& step, const std::vector<workflow::SignalHistory>& signals) {
  object body{{"name", step.step}, {"action", step.action}, {"state", step.status}, {"attempts", step.attempts}};
  if (step.entered_at != base::Time{}) body["startedAt"] = base::iso8601(step.entered_at);
  put_time(body, "endedAt", step.ended_at);
  if (!step.inputs.empty()) body["inputs"] = step.inputs;
  if (!step.outputs.is_null()) body["outputs"] = step.outputs;
  put_failure(body, step.reason);
  array failed;
  for (const auto& attempt : step.failed_attempts) {
    object each{{"attempt", attempt.number}, {"endedAt", base::iso8601(attempt.ended_at)}, {"state", attempt.status}};
    put_failure(each, attempt.reason);
    failed.push_back(std::move(each));
  }
  if (!failed.empty()) body["failedAttempts"] = std::move(failed);
  if (step.restarts > 0) body["restarts"] = step.restarts;
  put_text(body, "effect", step.effect);
  put_text(body, "waitsFor", step.waits_for);
  put_text(body, "child", step.child);
  if (step.action == "aws:approve") body["approval"] = approval_json(step, signals);
  if (!step.notes.empty()) body["notes"] = array(step.notes.begin(), step.notes.end());
  return body;
}

object signal_json(const workflow::SignalHistory& signal) {
  object body{{"signal", signal.signal}, {"at", base::iso8601(signal.at)}};
  put_text(body, "by", signal.by);
  put_text(body, "comment", signal.comment);
  put_text(body, "step", signal.step);
  return body;
}

}  // namespace

object to_json(const ExecutionHistory& execution) {
  object body{
      {"id", execution.id.str()},  {"environmentId", execution.environment_id.str()},
      {"kind", execution.kind},    {"document", fmt::format("{}:{}", execution.document, execution.document_version)},
      {"state", execution.status}, {"createdAt", base::iso8601(execution.created_at)}};
  put_text(body, "by", execution.by);
  put_text(body, "parentId", execution.parent_id);
  put_text(body, "retryOf", execution.retry_of);
  put_time(body, "startedAt", execution.started_at);
  put_time(body, "endedAt", execution.ended_at);
  put_time(body, "cancelledAt", execution.cancelled_at);
  put_text(body, "cancelledBy", execution.cancelled_by);
  if (execution.completing) body["completing"] = true;
  put_text(body, "failedStep", execution.failed_step);
  put_failure(body, execution.reason);
  array steps;
  for (const auto& step : execution.steps) steps.push_back(step_json(step, execution.signals));
  body["steps"] = std::move(steps);
  if (!execution.variables.empty()) body["variables"] = execution.variables;
  array signals;
  for (const auto& signal : execution.signals) signals.push_back(signal_json(signal));
  if (!signals.empty()) body["signals"] = std::move(signals);
  return body;
}

namespace {

// What the step that runs now said last.
void put_progress(array& executions, const Explanation& explanation) {
  if (explanation.progress.empty() || executions.empty()) return;
  auto& steps = executions.back().as_object()["steps"].as_array();
  if (!steps.empty()) steps.back().as_object()["progress"] = explanation.progress;
}

}  // namespace

net::Task<Explanation> Environments::explain(std::string name_or_id) {
  Explanation explanation;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    explanation = TRY(read_explanation(connection, name_or_id, sealing_));
    return {};
  }));
  explanation.environment = CO_TRY(shown(std::move(explanation.environment)));
  const auto said = progress_.find(explanation.environment->id);
  if (said != progress_.end()) explanation.progress = said->second;
  for (auto& instance : instances(*explanation.environment)) {
    if (!instance.problem.empty()) explanation.unhealthy.push_back(std::move(instance));
  }
  co_return explanation;
}

object to_json(const Environment& environment) {
  object body{{"id", environment.id.str()},
              {"name", environment.name},
              {"type", environment.type},
              {"region", environment.region},
              {"owner", environment.owner},
              {"status", to_string(environment.status)},
              {"fleet", to_string(environment.fleet)},
              {"createdAt", base::iso8601(environment.created_at)},
              {"updatedAt", base::iso8601(environment.updated_at)},
              {"correlationId", environment.correlation_id}};
  if (environment.type_version > 0) body["typeVersion"] = environment.type_version;
  if (environment.rolling_back) body["rollingBack"] = true;
  if (environment.rolled_back) body["rolledBack"] = true;
  const auto put = [&](std::string_view name, const std::optional<base::Time>& time) {
    if (time) body[name] = base::iso8601(*time);
  };
  put("expiresAt", environment.expires_at);
  put("warnedAt", environment.warned_at);
  put("lastActiveAt", environment.last_active_at);
  if (environment.failure) {
    body["failure"] = object{{"code", environment.failure->code}, {"message", environment.failure->reason}};
  }
  return body;
}

object shown_outputs(const Environment& environment) {
  auto shown = environment.outputs;
  for (auto& [name, value] : shown) {
    value = workflow::is_sensitive(output_key(name)) ? boost::json::value(workflow::kHidden)
                                                     : workflow::hide(std::move(value), environment.secrets);
  }
  return shown;
}

object shown_parameters(const Environment& environment, const EnvironmentType& type) {
  auto shown = environment.parameters;
  for (auto& [name, value] : shown) {
    const auto* declared = type.find_parameter(name);
    const bool sensitive = declared != nullptr && declared->parameter.sensitive;
    value = sensitive ? boost::json::value(workflow::kHidden) : workflow::hide(std::move(value), environment.secrets);
  }
  return shown;
}

std::vector<const StepHistory*> cleanup_steps(const Explanation& explanation) {
  std::vector<const StepHistory*> found;
  for (const auto& execution : explanation.executions) {
    bool cleans = execution.kind == kTerminate;
    for (const auto& step : execution.steps) {
      // A branch decides, it takes nothing away.
      if (cleans && succeeded(step.status) && !step.action.starts_with("aws:branch")) found.push_back(&step);
      if (step.step == execution.failed_step) cleans = true;
    }
  }
  return found;
}

namespace {

// "waits at step Ask for approval by admin", of an execution whose last step waits for a person; else empty.
std::string waits_for_person(const ExecutionHistory& execution) {
  if (execution.ended_at || execution.steps.empty()) return "";
  const auto& step = execution.steps.back();
  if (step.waits_for == "pause") return fmt::format("waits at step {} for a person to resume it", step.step);
  if (step.waits_for == "decision") {
    return fmt::format("is held at step {} until a person decides: {} ({})", step.step, step.reason.message,
                       step.reason.code);
  }
  if (step.waits_for != "approval") return "";
  std::vector<std::string> approvers;
  const auto* asked = step.inputs.if_contains("Approvers");
  if (asked != nullptr && asked->is_array()) {
    for (const auto& one : asked->get_array()) approvers.push_back(workflow::to_text(one));
  } else if (asked != nullptr) {
    approvers.push_back(workflow::to_text(*asked));
  }
  return fmt::format("waits at step {} for approval by {}", step.step, base::join(approvers, ", "));
}

// How the newest execution that no other one has started ended, where somebody has ended it; else empty.
std::string cancellation(const Explanation& explanation) {
  const auto whole = [](const ExecutionHistory& execution) { return execution.parent_id.empty(); };
  const auto last = std::ranges::find_if(explanation.executions.rbegin(), explanation.executions.rend(), whole);
  const bool cancelled = last != explanation.executions.rend() &&
                         last->status == workflow::to_string(workflow::Status::cancelled) &&
                         !last->cancelled_by.empty();
  if (!cancelled) return "";
  return fmt::format(" Its {} was {} by {}.", last->kind,
                     last->completing ? "told to begin no further step" : "cancelled", last->cancelled_by);
}

}  // namespace

std::string conclusion(const Explanation& explanation) {
  const auto& environment = *explanation.environment;
  auto text = fmt::format("{} is {}", environment.name, to_string(environment.status));
  if (environment.rolling_back) text += ", and what was made is being taken away";
  if (environment.rolled_back) text += "; nothing of it is left";
  text += '.';
  const auto failed = [](const ExecutionHistory& execution) { return !execution.failed_step.empty(); };
  const auto last = std::ranges::find_if(explanation.executions.rbegin(), explanation.executions.rend(), failed);
  if (last != explanation.executions.rend()) {
    const auto code = last->reason.code.empty() ? std::string() : fmt::format(" ({})", last->reason.code);
    text += fmt::format(" Its {} failed at step {}: {}{}.", last->kind, last->failed_step, last->reason.message, code);
  }
  text += cancellation(explanation);
  for (const auto& execution : explanation.executions) {
    if (const auto waits = waits_for_person(execution); !waits.empty()) {
      text += fmt::format(" Its {} {}.", execution.kind, waits);
    }
  }
  for (const auto& instance : explanation.unhealthy) {
    text += fmt::format(" {}: {}", instance.node.empty() ? instance.id : instance.node, instance.problem);
  }
  return text;
}

object to_json(const Explanation& explanation) {
  auto body = to_json(*explanation.environment);
  body["outputs"] = shown_outputs(*explanation.environment);
  body["conclusion"] = conclusion(explanation);
  array requests;
  for (const auto& row : explanation.requests) requests.push_back(request_json(row));
  body["requests"] = std::move(requests);
  array executions;
  for (const auto& execution : explanation.executions) executions.push_back(to_json(execution));
  put_progress(executions, explanation);
  body["executions"] = std::move(executions);
  array cleaned;
  for (const auto* step : cleanup_steps(explanation)) {
    object each{{"name", step->step}, {"action", step->action}};
    put_time(each, "at", step->ended_at);
    cleaned.push_back(std::move(each));
  }
  body["cleanedUp"] = std::move(cleaned);
  array unhealthy;
  for (const auto& instance : explanation.unhealthy) {
    unhealthy.push_back(object{
        {"instance", instance.id}, {"node", instance.node}, {"state", instance.state}, {"problem", instance.problem}});
  }
  body["unhealthy"] = std::move(unhealthy);
  return body;
}

}  // namespace slipway::broker
