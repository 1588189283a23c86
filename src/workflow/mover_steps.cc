// What steps do when they are entered, and the calls of actions.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <charconv>

#include "base/text.h"
#include "workflow/journal.h"
#include "workflow/json_text.h"
#include "workflow/mover.h"
#include "workflow/parameters.h"
#include "workflow/sleep.h"

namespace slipway::workflow {

namespace json = boost::json;

namespace {

constexpr std::size_t kOutputsLimitBytes = 256 * 1024;
constexpr std::string_view kVariablePrefix = "variable:";

// About as long as the value's JSON; cheaper than writing it.
std::size_t size_of(const json::value& value) {
  if (value.is_string()) return value.get_string().size() + 2;
  std::size_t size = 4;
  if (value.is_array()) {
    for (const auto& item : value.get_array()) size += size_of(item) + 1;
  } else if (value.is_object()) {
    for (const auto& [key, item] : value.get_object()) size += key.size() + 4 + size_of(item);
  }
  return size;
}

json::object masked(const std::vector<Parameter>& declared, json::object values) {
  for (const auto& parameter : declared) {
    if (parameter.sensitive && values.contains(parameter.name)) values[parameter.name] = "********";
  }
  return values;
}

}  // namespace

Mover::Target Mover::branch(const Step& entered) {
  for (const auto& choice : entered.choices) {
    const auto holds = evaluate(choice.condition, scope());
    if (!holds) return settle(Status::failed, of_step(holds.error(), at().step));
    if (*holds) return settle(Status::success, {}, choice.next);
  }
  return settle(Status::success);
}

Mover::Target Mover::sleep(const Step& entered) {
  const auto until = sleep_end();
  if (!until) return settle(Status::failed, of_step(until.error(), at().step));
  const auto timeout = set_deadline(entered);
  if (!timeout) return settle(Status::failed, of_step(timeout.error(), at().step));
  if (*until <= now_) return settle(Status::success);
  record("Waiting", {{"for", "sleep"}, {"until", until->time_since_epoch().count()}});
  wait_for(Waiting::sleep, at().deadline == base::Time{} ? *until : std::min(*until, at().deadline));
  return std::nullopt;
}

base::Result<base::Time> Mover::sleep_end() {
  const auto inputs = TRY(inputs_of(step()));
  return sleep_until(inputs.as_object(), at().entered_at);
}

Mover::Target Mover::update_variable(const json::object& inputs) {
  const auto refused = [&](std::string message) {
    return settle(Status::failed, of_step(base::invalid(std::move(message)), at().step));
  };
  const auto* name = inputs.if_contains("Name");
  const auto* value = inputs.if_contains("Value");
  if (name == nullptr || value == nullptr || !name->is_string()) return refused("it needs Name and Value");
  std::string_view variable = name->get_string();
  if (variable.starts_with(kVariablePrefix)) variable.remove_prefix(kVariablePrefix.size());
  const auto declared = std::ranges::find(plan_.variables, variable, &Parameter::name);
  if (declared == plan_.variables.end()) return refused(fmt::format("there is no variable {}", variable));
  if (const auto wrong = violations(*declared, *value); !wrong.empty()) {
    return refused(fmt::format("variable {}: {}", variable, base::join(wrong, "; ")));
  }
  state().variables[declared->name] = *value;
  if (declared->sensitive) add_secrets(*value, state().secrets);
  out_.values_changed = true;
  json::object shown;
  shown[declared->name] = *value;
  record("Variable", clipped(told(masked(plan_.variables, std::move(shown)))).as_object());
  return settle(Status::success);
}

// --- calls

Mover::Target Mover::act(const Step& entered, json::value inputs) {
  const auto timeout = timeout_of(entered);
  if (!timeout) return settle(Status::failed, of_step(timeout.error(), at().step));
  begin_attempt(std::move(inputs));
  return std::nullopt;
}

void Mover::begin_attempt(json::value inputs) {
  if (at().attempt > 1) record("Sent", {});
  at().takeovers = 0;
  at().deadline = now_ + *timeout_of(step());
  if (cancelling()) at().deadline = std::min(at().deadline, state().cancel_limit);
  call(std::move(inputs));
}

void Mover::call(json::value inputs) {
  if (at().sends++ == 0) at().first_sent = now_;
  record_effect("intent", nullptr, &inputs);
  out_.command = {.kind = Command::Kind::call,
                  .step = &step(),
                  .token = token(),
                  .inputs = std::move(inputs.as_object()),
                  .wake_at = {}};
}

// Inputs are always resolved as of step entry: nothing else they depend on changes while the step lasts, so that
// every attempt, also one after a crash, gets the same ones without their being stored.
void Mover::call_again() {
  call(*inputs_of(step()));
}

void Mover::hold(const base::Error& error) {
  record_effect("held", &error);
  record("Waiting", outcome_payload(Status::waiting, error));
  wait_for(Waiting::unknown_outcome, {});
}

base::Result<void> Mover::keep_outputs(const json::object& answer) {
  const auto& given = step();
  std::vector<std::string> notes;
  auto outputs = given.outputs.empty() ? answer : TRY(select_outputs(given.outputs, answer, &notes));
  std::string too_large;
  if (size_of(outputs) > kOutputsLimitBytes) too_large = fmt::format("longer than {} bytes", kOutputsLimitBytes);
  if (is_deeper(outputs)) too_large = fmt::format("nested deeper than {} levels", kValueLimitLevels);
  if (!too_large.empty()) {
    auto error = base::invalid(fmt::format("the outputs of step {} are {}", at().step, too_large));
    error.code = "OutputTooLarge";
    return error;
  }
  for (const auto& note : notes) record("Note", {{"code", "W-TYPE"}, {"message", note}});
  if (outputs.empty()) return {};
  for (const auto& [name, value] : outputs) {
    if (is_sensitive(name)) add_secrets(value, state().secrets);
  }
  state().outputs[given.name] = std::move(outputs);
  out_.values_changed = true;
  return {};
}

// --- values

Scope Mover::scope() const {
  const auto& values = out_.state;
  return {identity_, values.at.entered_at, &values.parameters, &values.outputs, &values.variables};
}

base::Result<json::value> Mover::inputs_of(const Step& entered, std::vector<std::string>* notes) const {
  if (entered.kind == Step::Kind::branch) return json::value(json::object{});
  auto resolved = TRY(resolve_inputs(entered.inputs, scope()));
  if (is_deeper(resolved.value)) {
    return base::invalid(
        fmt::format("with their values the inputs are nested deeper than {} levels", kValueLimitLevels));
  }
  if (notes != nullptr) *notes = std::move(resolved.notes);
  return std::move(resolved.value);
}

json::value Mover::shown_inputs(const Step& entered, const base::Result<json::value>& inputs) const {
  if (!inputs) return json::value(entered.inputs);
  const bool any = std::ranges::any_of(plan_.parameters, &Parameter::sensitive) ||
                   std::ranges::any_of(plan_.variables, &Parameter::sensitive) || !out_.state.secrets.empty();
  if (!any) return clipped(*inputs);
  const auto parameters = mask_parameters(plan_, out_.state.parameters);
  const auto variables = masked(plan_.variables, out_.state.variables);
  auto shown = scope();
  shown.parameters = &parameters;
  shown.variables = &variables;
  auto hidden = resolve_inputs(entered.inputs, shown);
  return hidden ? clipped(told(std::move(hidden->value))) : json::value(entered.inputs);
}

base::Result<std::chrono::seconds> Mover::timeout_of(const Step& timed) const {
  if (timed.timeout.is_null()) return timed.default_timeout;
  const auto value = TRY(resolve(timed.timeout, scope(), "timeoutSeconds"));
  std::int64_t seconds = value.is_int64() ? value.get_int64() : 0;
  if (value.is_string()) {
    const auto& text = value.get_string();
    std::from_chars(text.data(), text.data() + text.size(), seconds);
  }
  if (seconds <= 0 || seconds > 366LL * 24 * 3600) {
    return base::invalid(fmt::format("timeoutSeconds {} is not a number of seconds", to_text(value)));
  }
  return std::chrono::seconds(seconds);
}

base::Result<void> Mover::set_deadline(const Step& timed) {
  const auto timeout = TRY(timeout_of(timed));
  at().deadline = timeout.count() == 0 ? base::Time{} : now_ + timeout;
  return {};
}

}  // namespace slipway::workflow
