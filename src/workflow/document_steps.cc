// mainSteps and the bodies of loops: each step's name, its flow and its limits.

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "workflow/document_reader.h"

namespace slipway::workflow {

using base::YamlNode;

namespace {

constexpr std::size_t kMostSteps = 100;
constexpr std::size_t kLongestName = 128;
constexpr int kMostAttempts = 100;
constexpr std::int64_t kLongestTimeoutSeconds = 30LL * 24 * 3600;

// Not allowed as targets of onCancel.
constexpr std::string_view kNoCancelTarget[] = {"aws:approve",      "aws:copyImage",  "aws:createImage",
                                                "aws:createStack",  "aws:createTags", "aws:pause",
                                                "aws:runInstances", "aws:sleep"};

class StepReader {
 public:
  StepReader(Reading& reading, const StepNode& from, const StepList& list)
      : reading_(reading),
        fields_(*from.node, from.pointer, "step " + label(from), reading.problems),
        from_(from),
        list_(list) {
    step_.mark = from.node->mark;
    step_.pointer = from.pointer;
    step_.parent = from.parent;
  }

  Step read() {
    read_name();
    fields_.ignore("description");
    step_.action = fields_.text("action").value_or("");
    read_flow();
    read_limits();
    read_action(fields_, from_, list_, reading_, step_);
    fields_.refuse_rest();
    return std::move(step_);
  }

 private:
  static std::string label(const StepNode& from) {
    const auto* name = from.node->find("name");
    return name != nullptr && !name->text.empty() ? name->text : fmt::format("{}", from.index + 1);
  }

  void read_name() {
    step_.name = fields_.text("name").value_or("");
    const bool good = !step_.name.empty() && step_.name.size() <= kLongestName &&
                      std::ranges::all_of(step_.name, [](unsigned char c) { return std::isalnum(c) || c == '_'; });
    if (!good) {
      fields_.problem("E-NAME", "name",
                      fmt::format("a step needs a name of letters, digits and _, at most {}", kLongestName));
    } else if (list_.names.at(step_.name) != from_.index) {
      fields_.problem("E-NAME", "name", fmt::format("there is another step named {}", step_.name));
    }
  }

  void read_flow() {
    const bool is_end = fields_.boolean("isEnd", false);
    step_.next = from_.following;
    if (const auto next = fields_.text("nextStep")) {
      step_.next = find_target(list_, from_, fields_, "nextStep", *next);
    }
    if (is_end) step_.next = kEnd;
    read_on_failure(fields_.text("onFailure").value_or("Abort"));
    read_on_cancel();
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
      step_.failure_next = find_target(list_, from_, fields_, "onFailure", text.substr(5));
    } else if (text != "Abort") {
      fields_.problem("E-TARGET", "onFailure",
                      fmt::format("onFailure is Abort, Continue or step:NAME, not '{}'", base::excerpt(text)));
    }
  }

  void read_on_cancel() {
    const auto on_cancel = fields_.text("onCancel");
    if (!on_cancel) return;
    if (step_.action == "aws:loop" || step_.action == "aws:updateVariable") {
      return fields_.problem("E-KEY", "onCancel", fmt::format("{} has no onCancel", step_.action));
    }
    if (on_cancel->starts_with("step:")) {
      step_.cancel_next = find_target(list_, from_, fields_, "onCancel", std::string_view(*on_cancel).substr(5));
    } else if (*on_cancel != "Abort") {
      fields_.problem("E-TARGET", "onCancel",
                      fmt::format("onCancel is Abort or step:NAME, not '{}'", base::excerpt(*on_cancel)));
    }
  }

  void read_limits() {
    step_.max_attempts = static_cast<int>(fields_.integer("maxAttempts", 1, kMostAttempts).value_or(1));
    const auto* timeout = fields_.find("timeoutSeconds");
    if (timeout == nullptr) return;
    if (timeout->is_scalar() && timeout->text.find("{{") != std::string::npos) {
      reading_.collect(*timeout, from_.index, fields_.pointer("timeoutSeconds"));
      step_.timeout = timeout->text;
    } else if (const auto seconds = fields_.integer("timeoutSeconds", 1, kLongestTimeoutSeconds)) {
      step_.timeout = *seconds;
    }
  }

  Reading& reading_;
  Fields fields_;
  const StepNode& from_;
  const StepList& list_;
  Step step_;
};

// onCancel may not lead to an action that starts something new or waits for people.
void check_cancel_targets(const StepList& list, Reading& reading) {
  for (std::size_t i = 0; i < reading.plan.steps.size(); ++i) {
    const auto& step = reading.plan.steps[i];
    if (step.cancel_next == kEnd) continue;
    const auto& action = reading.plan.steps[static_cast<std::size_t>(step.cancel_next)].action;
    if (std::ranges::find(kNoCancelTarget, action) == std::end(kNoCancelTarget)) continue;
    reading.problems.add("E-TARGET", step.pointer + "/onCancel", list.nodes[i].node->find("onCancel")->mark,
                         fmt::format("onCancel may not lead to a step of action {}", action));
  }
}

// The body of a loop, where `node` is one.
const YamlNode* body_of(const YamlNode& node) {
  const auto* action = node.find("action");
  const auto* inputs = node.find("inputs");
  if (action == nullptr || action->text != "aws:loop" || inputs == nullptr) return nullptr;
  const auto* body = inputs->find("Steps");
  return body != nullptr && body->is_sequence() ? body : nullptr;
}

void add_list(const YamlNode& steps, const std::string& pointer, int parent, StepList& list) {
  const int first = static_cast<int>(list.nodes.size());
  const int count = static_cast<int>(steps.items.size());
  for (int i = 0; i < count; ++i) {
    const auto& node = steps.items[static_cast<std::size_t>(i)];
    list.nodes.push_back(
        {&node, fmt::format("{}/{}", pointer, i), first + i, parent, i + 1 < count ? first + i + 1 : kEnd});
    const auto* name = node.find("name");
    if (name != nullptr && name->is_scalar() && !name->text.empty()) list.names.emplace(name->text, first + i);
  }
}

}  // namespace

int find_target(const StepList& list, const StepNode& from, Fields& fields, std::string_view key,
                std::string_view name) {
  const auto found = list.names.find(name);
  const auto parent_of = [&](int index) { return list.nodes[static_cast<std::size_t>(index)].parent; };
  if (found != list.names.end() && parent_of(found->second) == from.parent) return found->second;
  if (found != list.names.end()) {
    fields.problem("E-TARGET", key,
                   fmt::format("step '{}' is in another list of steps: a jump stays in the body of its loop", name));
    return kEnd;
  }
  std::vector<std::string_view> known;
  for (const auto& [step, position] : list.names) {
    if (parent_of(position) == from.parent) known.push_back(step);
  }
  fields.problem("E-TARGET", key, fmt::format("there is no step '{}'{}", base::excerpt(name), suggestion(name, known)));
  return kEnd;
}

void read_steps(const YamlNode& node, Reading& reading) {
  if (!node.is_sequence() || node.items.empty()) {
    return reading.problems.add("E-TYPE", "/mainSteps", node.mark, "mainSteps must be a list of at least one step");
  }
  StepList list;
  add_list(node, "/mainSteps", kEnd, list);
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const auto* body = body_of(node.items[i]);
    if (body != nullptr) add_list(*body, fmt::format("/mainSteps/{}/inputs/Steps", i), static_cast<int>(i), list);
  }
  if (list.nodes.size() > kMostSteps) {
    return reading.problems.add("E-LIMIT", "/mainSteps", node.mark, fmt::format("more than {} steps", kMostSteps));
  }
  for (const auto& from : list.nodes) reading.plan.steps.push_back(StepReader(reading, from, list).read());
  check_cancel_targets(list, reading);
}

}  // namespace slipway::workflow
