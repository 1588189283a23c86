// What a step does: its action, inputs and outputs.

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "workflow/document_reader.h"
#include "workflow/parameters.h"

namespace slipway::workflow {

using base::YamlNode;
using namespace std::chrono_literals;

namespace {

// Actions that are not of a registry, and what documents may refer to of them.
struct OwnKind {
  std::string_view action;
  Step::Kind kind;
  std::vector<std::string_view> outputs;
  std::chrono::seconds default_timeout;
};
const std::vector<OwnKind>& own_kinds() {
  static const std::vector<OwnKind> kinds = {
      {"aws:branch", Step::Kind::branch, {}, 0s},
      {"aws:sleep", Step::Kind::sleep, {}, 0s},
      {"aws:loop", Step::Kind::loop, {"CurrentIteration", "CurrentIteratorValue"}, 0s},
      {"aws:pause", Step::Kind::pause, {}, 0s},
      {"aws:approve", Step::Kind::approve, {"ApprovalStatus", "ApproverDecisions"}, 7 * 24h},
      {"aws:executeAutomation", Step::Kind::child, {"ExecutionId", "Status", "Output"}, 12h},
      {"aws:updateVariable", Step::Kind::update_variable, {}, 0s},
  };
  return kinds;
}

const OwnKind* own_kind(std::string_view action) {
  const auto found = std::ranges::find(own_kinds(), action, &OwnKind::action);
  return found == own_kinds().end() ? nullptr : &*found;
}

// The reference has them: a document that names one loads where it is registered, else is refused by name.
constexpr std::string_view kOthers[] = {
    "aws:assertAwsResourceProperty",
    "aws:changeInstanceState",
    "aws:copyImage",
    "aws:createImage",
    "aws:createStack",
    "aws:createTags",
    "aws:deleteImage",
    "aws:deleteStack",
    "aws:executeAwsApi",
    "aws:executeScript",
    "aws:executeStateMachine",
    "aws:invokeLambdaFunction",
    "aws:invokeWebhook",
    "aws:runCommand",
    "aws:runInstances",
    "aws:waitForAwsResourceProperty",
};

void refuse_action(Fields& fields, const Step& step, const Reading& reading) {
  const auto registered = reading.actions.names();
  std::vector<std::string_view> names(registered.begin(), registered.end());
  for (const auto& own : own_kinds()) names.push_back(own.action);
  names.insert(names.end(), std::begin(kOthers), std::end(kOthers));
  std::string message =
      fmt::format("there is no action '{}'{}", base::excerpt(step.action), suggestion(step.action, names));
  if (step.action.empty()) message = "a step needs an action";
  if (std::ranges::find(kOthers, step.action) != std::end(kOthers)) {
    message = fmt::format("{} is not enabled here", step.action);
  }
  fields.problem("E-ACTION", "action", message);
}

class OutputsReader {
 public:
  OutputsReader(Fields& fields, Reading& reading, Step& step, bool selects)
      : fields_(fields),
        reading_(reading),
        step_(step),
        selects_(selects),
        predefined_(predefined_outputs(step, reading.actions)) {}

  void read() {
    const auto* outputs = fields_.find("outputs");
    if (outputs == nullptr) return;
    if (!outputs->is_sequence()) {
      return fields_.problem("E-TYPE", "outputs", "outputs must be a list of {Name, Selector, Type}");
    }
    for (std::size_t i = 0; i < outputs->items.size(); ++i) {
      read_one(outputs->items[i], fmt::format("{}/{}", fields_.pointer("outputs"), i));
    }
    // What the action gives by itself stays beside what the document selects.
    if (step_.outputs.empty()) return;
    for (const auto name : predefined_) {
      if (std::ranges::find(step_.outputs, name, &SelectedOutput::name) != step_.outputs.end()) continue;
      step_.outputs.push_back(
          {.name = std::string(name), .selector = *parse_selector(name), .type = Type::string, .as_found = true});
    }
  }

 private:
  void read_one(const YamlNode& node, const std::string& pointer) {
    Fields output(node, pointer, "an output", reading_.problems);
    const auto name = output.text("Name").value_or("");
    const auto selector = output.text("Selector");
    const auto type = output.text("Type");
    const auto known = type_from(type.value_or("String"));
    if (!known) output.problem("E-TYPE", "Type", fmt::format("there is no type '{}'", base::excerpt(*type)));
    const bool is_predefined = std::ranges::find(predefined_, name) != predefined_.end();
    if (selects_ && (selector || !is_predefined)) {
      add(output, name, selector, known.value_or(Type::string));
    } else if (!is_predefined) {
      output.problem("E-KEY", "Name",
                     fmt::format("{} gives no output '{}'; it gives: {}", step_.action, base::excerpt(name),
                                 predefined_.empty() ? "none" : fmt::format("{}", fmt::join(predefined_, ", "))));
    }
    output.refuse_rest();
  }

  void add(Fields& output, const std::string& name, const std::optional<std::string>& selector, Type type) {
    const bool good =
        !name.empty() && std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '_'; });
    if (!good) output.problem("E-NAME", "Name", "an output needs a Name of letters, digits and _");
    if (std::ranges::find(step_.outputs, name, &SelectedOutput::name) != step_.outputs.end()) {
      output.problem("E-NAME", "Name", fmt::format("there is another output named {}", base::excerpt(name)));
    }
    if (!selector) return output.problem("E-SEL", "", fmt::format("output {} needs a Selector", base::excerpt(name)));
    auto parsed = parse_selector(*selector);
    if (!parsed) return output.problem("E-SEL", "Selector", parsed.error().message);
    step_.outputs.push_back({.name = name, .selector = std::move(*parsed), .type = type});
  }

  Fields& fields_;
  Reading& reading_;
  Step& step_;
  bool selects_;
  std::vector<std::string_view> predefined_;
};

void read_own_kind(const YamlNode& inputs, Fields& fields, const StepNode& from, const StepList& list, Reading& reading,
                   Step& step) {
  switch (step.kind) {
    case Step::Kind::branch:
      if (fields.find("nextStep")) {
        fields.problem("W-BRANCH", "nextStep", "nextStep of a branch is ignored; use Default");
        if (!fields.boolean("isEnd", false)) step.next = from.following;
      }
      return read_branch(inputs, from, list, reading, step);
    case Step::Kind::loop:
      return read_loop(inputs, from, list, reading, step);
    case Step::Kind::sleep:
      return read_sleep(inputs, from, reading, step);
    case Step::Kind::pause:
      return check_inputs(inputs, from.pointer + "/inputs", step, {}, reading.problems);
    case Step::Kind::approve:
      return read_approve(inputs, from, reading, step);
    case Step::Kind::child:
      return read_child(inputs, from, reading, step);
    case Step::Kind::update_variable:
      return read_update_variable(inputs, from, reading, step);
    case Step::Kind::action:
      return;
  }
}

void read_registered(const YamlNode& inputs, Fields& fields, const StepNode& from, Reading& reading, Step& step) {
  const auto* action = reading.actions.find(step.action);
  if (action == nullptr) return refuse_action(fields, step, reading);
  step.effect = action->effect_class(step.inputs);
  step.default_timeout = action->default_timeout();
  if (step.effect == EffectClass::unsafe && step.max_attempts > 1) {
    fields.problem("W-EFFECT", "maxAttempts", fmt::format("{} may be done twice", step.action));
  }
  check_inputs(inputs, fields.pointer("inputs"), step, action->inputs(), reading.problems);
  for (const auto& problem : action->check(step.inputs)) {
    const auto* input = inputs.find(problem.input);
    const auto place = input == nullptr ? "" : "/" + pointer_part(problem.input);
    reading.problems.add(problem.code, fields.pointer("inputs") + place, (input ? *input : inputs).mark,
                         problem.message);
  }
  check_aws_call(inputs, from, reading, step);
}

}  // namespace

std::vector<std::string_view> predefined_outputs(const Step& step, const ActionRegistry& actions) {
  if (const auto* own = own_kind(step.action)) return own->outputs;
  const auto* action = actions.find(step.action);
  return action == nullptr ? std::vector<std::string_view>{} : action->outputs();
}

void check_inputs(const YamlNode& inputs, const std::string& pointer, const Step& step, const Action::Inputs& allowed,
                  Problems& problems) {
  std::vector<std::string_view> known = allowed.required;
  known.insert(known.end(), allowed.optional.begin(), allowed.optional.end());
  for (const auto& member : inputs.members) {
    if (allowed.any || std::ranges::find(known, member.key) != known.end()) continue;
    problems.add(
        "E-KEY", pointer + "/" + pointer_part(member.key), member.mark,
        fmt::format("{} has no input '{}'{}", step.action, base::excerpt(member.key), suggestion(member.key, known)));
  }
  for (const auto name : allowed.required) {
    if (inputs.find(name) == nullptr) {
      problems.add("E-KEY", pointer, inputs.mark, fmt::format("{} needs the input '{}'", step.action, name));
    }
  }
}

void read_action(Fields& fields, const StepNode& from, const StepList& list, Reading& reading, Step& step) {
  const YamlNode none{.kind = YamlNode::Kind::mapping, .mark = fields.mark(), .text = {}, .items = {}, .members = {}};
  const auto* inputs = fields.find("inputs");
  if (inputs == nullptr) inputs = &none;
  if (!inputs->is_mapping()) return fields.problem("E-TYPE", "inputs", "inputs must be a mapping");
  const auto* own = own_kind(step.action);
  if (own != nullptr) {
    step.kind = own->kind;
    step.effect = EffectClass::local;
    step.default_timeout = own->default_timeout;
  }
  const bool keeps_inputs = step.kind != Step::Kind::branch && step.kind != Step::Kind::loop;
  if (keeps_inputs) {
    reading.collect(*inputs, from.index, fields.pointer("inputs"));
    step.inputs = inputs->to_json().as_object();
  }
  bool selects = step.kind == Step::Kind::child;
  if (own != nullptr) {
    read_own_kind(*inputs, fields, from, list, reading, step);
  } else {
    read_registered(*inputs, fields, from, reading, step);
    const auto* action = reading.actions.find(step.action);
    if (action == nullptr) {
      fields.ignore("outputs");
      return;
    }
    selects = action->selects_outputs();
  }
  OutputsReader(fields, reading, step, selects).read();
}

}  // namespace slipway::workflow
