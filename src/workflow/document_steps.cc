// mainSteps: each step's own properties, its jumps, and the choices of a branch.

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "workflow/document_reader.h"
#include "workflow/sleep.h"

namespace slipway::workflow {

namespace json = boost::json;
using base::YamlNode;

namespace {

constexpr std::size_t kMostSteps = 100;
constexpr std::size_t kLongestName = 128;
constexpr int kMostAttempts = 100;
constexpr std::int64_t kLongestTimeoutSeconds = 30LL * 24 * 3600;

// The actions of the reference: a document that names one loads where this build has it, else is refused by name.
constexpr std::string_view kAwsActions[] = {
    "aws:approve",
    "aws:assertAwsResourceProperty",
    "aws:changeInstanceState",
    "aws:copyImage",
    "aws:createImage",
    "aws:createStack",
    "aws:createTags",
    "aws:deleteImage",
    "aws:deleteStack",
    "aws:executeAutomation",
    "aws:executeAwsApi",
    "aws:executeScript",
    "aws:executeStateMachine",
    "aws:invokeLambdaFunction",
    "aws:invokeWebhook",
    "aws:loop",
    "aws:pause",
    "aws:runCommand",
    "aws:runInstances",
    "aws:updateVariable",
    "aws:waitForAwsResourceProperty",
};
// Not allowed as targets of onCancel.
constexpr std::string_view kNoCancelTarget[] = {"aws:approve",      "aws:copyImage",  "aws:createImage",
                                                "aws:createStack",  "aws:createTags", "aws:pause",
                                                "aws:runInstances", "aws:sleep"};

class StepReader {
 public:
  StepReader(Reading& reading, const YamlNode& node, int index, const StepNames& names, int count)
      : reading_(reading),
        fields_(node, fmt::format("/mainSteps/{}", index), "step " + label(node, index), reading.problems),
        index_(index),
        names_(names),
        count_(count) {
    step_.mark = node.mark;
    step_.pointer = fmt::format("/mainSteps/{}", index);
  }

  Step read() {
    read_name();
    fields_.ignore("description");
    read_flow();
    read_limits();
    read_action();
    fields_.refuse_rest();
    return std::move(step_);
  }

 private:
  static std::string label(const YamlNode& node, int index) {
    const auto* name = node.find("name");
    return name != nullptr && !name->text.empty() ? name->text : fmt::format("{}", index + 1);
  }

  void read_name() {
    step_.name = fields_.text("name").value_or("");
    const bool good = !step_.name.empty() && step_.name.size() <= kLongestName &&
                      std::ranges::all_of(step_.name, [](unsigned char c) { return std::isalnum(c) || c == '_'; });
    if (!good) {
      fields_.problem("E-NAME", "name",
                      fmt::format("a step needs a name of letters, digits and _, at most {}", kLongestName));
    } else if (names_.at(step_.name) != index_) {
      fields_.problem("E-NAME", "name", fmt::format("there is another step named {}", step_.name));
    }
  }

  void read_flow() {
    const bool is_end = fields_.boolean("isEnd", false);
    step_.next = index_ + 1 < count_ ? index_ + 1 : kEnd;
    if (const auto next = fields_.text("nextStep")) step_.next = find_target(names_, fields_, "nextStep", *next);
    if (is_end) step_.next = kEnd;
    read_on_failure(fields_.text("onFailure").value_or("Abort"));
    const auto on_cancel = fields_.text("onCancel").value_or("Abort");
    if (on_cancel.starts_with("step:")) {
      step_.cancel_next = find_target(names_, fields_, "onCancel", std::string_view(on_cancel).substr(5));
    } else if (on_cancel != "Abort") {
      fields_.problem("E-TARGET", "onCancel", fmt::format("onCancel is Abort or step:NAME, not '{}'", on_cancel));
    }
    const bool proceeds = step_.on_failure == Step::OnFailure::proceed;
    step_.critical = fields_.boolean("isCritical", !proceeds);
    if (!step_.critical && step_.on_failure == Step::OnFailure::abort) {
      fields_.problem("W-CRIT", "isCritical", "with onFailure: Abort the execution fails all the same");
    }
  }

  void read_on_failure(std::string_view text) {
    if (text == "Continue") {
      step_.on_failure = Step::OnFailure::proceed;
    } else if (text.starts_with("step:")) {
      step_.on_failure = Step::OnFailure::jump;
      step_.failure_next = find_target(names_, fields_, "onFailure", text.substr(5));
    } else if (text != "Abort") {
      fields_.problem("E-TARGET", "onFailure",
                      fmt::format("onFailure is Abort, Continue or step:NAME, not '{}'", text));
    }
  }

  void read_limits() {
    step_.max_attempts = static_cast<int>(fields_.integer("maxAttempts", 1, kMostAttempts).value_or(1));
    const auto* timeout = fields_.find("timeoutSeconds");
    if (timeout == nullptr) return;
    if (timeout->is_scalar() && timeout->text.find("{{") != std::string::npos) {
      reading_.collect(*timeout, index_, fields_.pointer("timeoutSeconds"));
      step_.timeout = timeout->text;
    } else if (const auto seconds = fields_.integer("timeoutSeconds", 1, kLongestTimeoutSeconds)) {
      step_.timeout = *seconds;
    }
  }

  void read_action() {
    step_.action = fields_.text("action").value_or("");
    const auto* inputs = fields_.find("inputs");
    const YamlNode none{
        .kind = YamlNode::Kind::mapping, .mark = fields_.mark(), .text = {}, .items = {}, .members = {}};
    if (inputs == nullptr) inputs = &none;
    if (!inputs->is_mapping()) return fields_.problem("E-TYPE", "inputs", "inputs must be a mapping");
    if (step_.action == "aws:branch") {
      step_.kind = Step::Kind::branch;
      if (fields_.find("nextStep")) {
        fields_.problem("W-BRANCH", "nextStep", "nextStep of a branch is ignored; use Default");
        if (!fields_.boolean("isEnd", false)) step_.next = index_ + 1 < count_ ? index_ + 1 : kEnd;
      }
      return read_branch(*inputs, index_, names_, reading_, step_);
    }
    reading_.collect(*inputs, index_, fields_.pointer("inputs"));
    step_.inputs = inputs->to_json().as_object();
    if (step_.action == "aws:sleep") return read_sleep(*inputs);
    const auto* action = reading_.actions.find(step_.action);
    if (action == nullptr) return refuse_action();
    step_.effect = action->effect_class(step_.inputs);
    step_.default_timeout = action->default_timeout();
    if (step_.effect == EffectClass::unsafe && step_.max_attempts > 1) {
      fields_.problem("W-EFFECT", "maxAttempts", fmt::format("{} may be done twice", step_.action));
    }
    check_inputs(*inputs, action->inputs());
    for (const auto& problem : action->check(step_.inputs)) {
      const auto* input = inputs->find(problem.input);
      const auto place = input == nullptr ? "" : "/" + pointer_part(problem.input);
      reading_.problems.add(problem.code, fields_.pointer("inputs") + place, (input ? *input : *inputs).mark,
                            problem.message);
    }
    read_outputs(action->outputs());
  }

  void refuse_action() {
    auto known = reading_.actions.names();
    std::vector<std::string_view> names(known.begin(), known.end());
    names.insert(names.end(), {"aws:branch", "aws:sleep"});
    names.insert(names.end(), std::begin(kAwsActions), std::end(kAwsActions));
    std::string message = fmt::format("there is no action '{}'{}", step_.action, suggestion(step_.action, names));
    if (step_.action.empty()) message = "a step needs an action";
    if (std::ranges::find(kAwsActions, step_.action) != std::end(kAwsActions)) {
      message = fmt::format("{} is not enabled here", step_.action);
    }
    fields_.problem("E-ACTION", "action", message);
  }

  void check_inputs(const YamlNode& inputs, const Action::Inputs& allowed) {
    std::vector<std::string_view> known = allowed.required;
    known.insert(known.end(), allowed.optional.begin(), allowed.optional.end());
    for (const auto& member : inputs.members) {
      if (allowed.any || std::ranges::find(known, member.key) != known.end()) continue;
      reading_.problems.add(
          "E-KEY", fields_.pointer("inputs") + "/" + pointer_part(member.key), member.mark,
          fmt::format("{} has no input '{}'{}", step_.action, member.key, suggestion(member.key, known)));
    }
    for (const auto name : allowed.required) {
      if (inputs.find(name) == nullptr) {
        fields_.problem("E-KEY", "inputs", fmt::format("{} needs the input '{}'", step_.action, name));
      }
    }
  }

  // Actions have predefined outputs, so `outputs` may only name those.
  void read_outputs(const std::vector<std::string_view>& predefined) {
    const auto* outputs = fields_.find("outputs");
    if (outputs == nullptr) return;
    for (std::size_t i = 0; i < outputs->items.size(); ++i) {
      Fields output(outputs->items[i], fmt::format("{}/{}", fields_.pointer("outputs"), i), "an output",
                    reading_.problems);
      const auto name = output.text("Name").value_or("");
      output.ignore("Type");
      if (std::ranges::find(predefined, name) == predefined.end()) {
        output.problem(
            "E-KEY", "Name",
            fmt::format("{} gives no output '{}'; it gives: {}", step_.action, name, fmt::join(predefined, ", ")));
      }
      output.refuse_rest();
    }
    if (!outputs->is_sequence()) fields_.problem("E-TYPE", "outputs", "outputs must be a list of {Name, Type}");
  }

  void read_sleep(const YamlNode& inputs) {
    step_.kind = Step::Kind::sleep;
    check_inputs(inputs, {.required = {}, .optional = {"Duration", "Timestamp"}});
    const bool refers = std::ranges::any_of(
        inputs.members, [](const auto& member) { return member.value.text.find("{{") != std::string::npos; });
    // Any time will do: only a reference or a Timestamp depends on it, and a Timestamp may be past by then.
    const auto until = sleep_until(step_.inputs, base::Time{});
    const bool far = step_.inputs.contains("Timestamp") && step_.inputs.size() == 1;
    if (refers || until) return;
    if (far && parse_timestamp(inputs.members[0].value.text)) return;
    fields_.problem("E-TYPE", "inputs", until.error().message);
  }

  Reading& reading_;
  Fields fields_;
  int index_;
  const StepNames& names_;
  int count_;
  Step step_;
};

// onCancel may not lead to an action that starts something new or waits for people.
void check_cancel_targets(const YamlNode& node, Reading& reading) {
  for (std::size_t i = 0; i < reading.plan.steps.size(); ++i) {
    const auto& step = reading.plan.steps[i];
    if (step.cancel_next == kEnd) continue;
    const auto& action = reading.plan.steps[static_cast<std::size_t>(step.cancel_next)].action;
    if (std::ranges::find(kNoCancelTarget, action) == std::end(kNoCancelTarget)) continue;
    reading.problems.add("E-TARGET", step.pointer + "/onCancel", node.items[i].find("onCancel")->mark,
                         fmt::format("onCancel may not lead to a step of action {}", action));
  }
}

}  // namespace

int find_target(const StepNames& names, Fields& fields, std::string_view key, std::string_view name) {
  const auto found = names.find(std::string(name));
  if (found != names.end()) return found->second;
  std::vector<std::string_view> known;
  for (const auto& [step, position] : names) known.push_back(step);
  fields.problem("E-TARGET", key, fmt::format("there is no step '{}'{}", name, suggestion(name, known)));
  return kEnd;
}

void read_steps(const YamlNode& node, Reading& reading) {
  if (!node.is_sequence() || node.items.empty()) {
    return reading.problems.add("E-TYPE", "/mainSteps", node.mark, "mainSteps must be a list of at least one step");
  }
  if (node.items.size() > kMostSteps) {
    return reading.problems.add("E-LIMIT", "/mainSteps", node.mark, fmt::format("more than {} steps", kMostSteps));
  }
  StepNames names;
  const int count = static_cast<int>(node.items.size());
  for (int i = 0; i < count; ++i) {
    const auto* name = node.items[static_cast<std::size_t>(i)].find("name");
    if (name != nullptr && name->is_scalar() && !name->text.empty()) names.emplace(name->text, i);
  }
  for (int i = 0; i < count; ++i) {
    const auto& item = node.items[static_cast<std::size_t>(i)];
    reading.plan.steps.push_back(StepReader(reading, item, i, names, count).read());
  }
  check_cancel_targets(node, reading);
}

}  // namespace slipway::workflow
