// Conditions, and the choices of an aws:branch that they decide.

#include <fmt/format.h>

#include "workflow/document_reader.h"

namespace slipway::workflow {

using base::YamlNode;

namespace {

constexpr int kDeepestCondition = 5;

class ConditionReader {
 public:
  ConditionReader(const ReferenceUse& like, Reading& reading) : like_(like), reading_(reading) {}

  Condition read(const YamlNode& node, Fields& fields, int depth) {
    Condition condition;
    if (depth > kDeepestCondition) {
      fields.problem("E-BRANCH", "", fmt::format("conditions are nested deeper than {}", kDeepestCondition));
      return condition;
    }
    int operators = 0;
    for (const auto name : condition_names()) {
      const auto* operand = fields.find(name);
      if (operand == nullptr) continue;
      ++operators;
      condition.kind = *condition_kind(name);
      read_operand(*operand, fields, name, depth, condition);
    }
    const auto* variable = fields.find("Variable");
    if (variable != nullptr) {
      reading_.collect(*variable, fields.pointer("Variable"), like_);
      condition.variable = variable->to_json();
    }
    const bool complete = operators == 1 && is_comparison(condition.kind) == (variable != nullptr);
    if (node.is_mapping() && !complete) {
      fields.problem("E-BRANCH", "",
                     "exactly one condition is wanted: Variable with one operator, or And, Or or Not; operators are " +
                         fmt::format("{}", fmt::join(condition_names(), ", ")));
    }
    return condition;
  }

 private:
  void read_operand(const YamlNode& operand, Fields& fields, std::string_view name, int depth, Condition& condition) {
    const auto place = fields.pointer(name);
    if (is_comparison(condition.kind)) {
      reading_.collect(operand, place, like_);
      condition.constant = operand.to_json();
      if (!fits(condition.kind, condition.constant)) {
        fields.problem("E-BRANCH", name, fmt::format("{} cannot compare with a {}", name, to_string(operand.kind)));
      }
      return;
    }
    const bool negates = condition.kind == Condition::Kind::none;
    if (operand.is_mapping() != negates || (!negates && operand.items.empty())) {
      return fields.problem("E-BRANCH", name,
                            negates ? "Not takes one condition" : fmt::format("{} takes a list of conditions", name));
    }
    const auto read_child = [&](const YamlNode& child, const std::string& at) {
      Fields inner(child, at, "a condition", reading_.problems);
      condition.children.push_back(read(child, inner, depth + 1));
      inner.refuse_rest();
    };
    if (negates) return read_child(operand, place);
    for (std::size_t i = 0; i < operand.items.size(); ++i) read_child(operand.items[i], fmt::format("{}/{}", place, i));
  }

  const ReferenceUse& like_;
  Reading& reading_;
};

}  // namespace

Condition read_condition(const YamlNode& node, Fields& fields, int step, Reading& reading, bool at_loop_end) {
  const ReferenceUse like{
      .step = step, .reference = {}, .pointer = {}, .mark = {}, .may_be_unset = true, .at_loop_end = at_loop_end};
  return ConditionReader(like, reading).read(node, fields, 1);
}

void read_branch(const YamlNode& inputs, const StepNode& from, const StepList& list, Reading& reading, Step& step) {
  const auto pointer = from.pointer + "/inputs";
  Fields branch(inputs, pointer, "aws:branch", reading.problems);
  if (const auto fallback = branch.text("Default")) step.next = find_target(list, from, branch, "Default", *fallback);
  const auto* choices = branch.find("Choices");
  if (choices == nullptr || choices->items.empty()) {
    branch.problem("E-BRANCH", "Choices", "a branch needs a list of at least one choice");
    return branch.refuse_rest();
  }
  for (std::size_t i = 0; i < choices->items.size(); ++i) {
    const auto& node = choices->items[i];
    const auto place = fmt::format("{}/Choices/{}", pointer, i);
    Fields fields(node, place, "a choice", reading.problems);
    Choice choice;
    if (const auto next = fields.text("NextStep")) {
      choice.next = find_target(list, from, fields, "NextStep", *next);
    } else if (node.is_mapping()) {
      fields.problem("E-BRANCH", "NextStep", "a choice needs a NextStep");
    }
    choice.condition = read_condition(node, fields, from.index, reading);
    fields.refuse_rest();
    step.choices.push_back(std::move(choice));
  }
  branch.refuse_rest();
}

}  // namespace slipway::workflow
