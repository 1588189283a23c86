// The choices of an aws:branch and their conditions.

#include <fmt/format.h>

#include "workflow/document_reader.h"

namespace slipway::workflow {

using base::YamlNode;

namespace {

constexpr int kDeepestCondition = 5;

class ConditionReader {
 public:
  ConditionReader(int step, Reading& reading) : step_(step), reading_(reading) {}

  Condition read(const YamlNode& node, Fields& fields, int depth = 1) {
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
      reading_.collect(*variable, step_, fields.pointer("Variable"), true);
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
      reading_.collect(operand, step_, place, true);
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

  int step_;
  Reading& reading_;
};

class BranchReader {
 public:
  BranchReader(int index, const StepNames& names, Reading& reading, Step& step)
      : index_(index), names_(names), reading_(reading), step_(step) {}

  void read(const YamlNode& inputs) {
    const auto pointer = fmt::format("/mainSteps/{}/inputs", index_);
    Fields branch(inputs, pointer, "aws:branch", reading_.problems);
    if (const auto fallback = branch.text("Default")) step_.next = find_target(names_, branch, "Default", *fallback);
    const auto* choices = branch.find("Choices");
    if (choices == nullptr || choices->items.empty()) {
      branch.problem("E-BRANCH", "Choices", "a branch needs a list of at least one choice");
    } else {
      for (std::size_t i = 0; i < choices->items.size(); ++i) {
        read_choice(choices->items[i], fmt::format("{}/Choices/{}", pointer, i));
      }
    }
    branch.refuse_rest();
  }

 private:
  void read_choice(const YamlNode& node, const std::string& pointer) {
    Fields fields(node, pointer, "a choice", reading_.problems);
    Choice choice;
    if (const auto next = fields.text("NextStep")) {
      choice.next = find_target(names_, fields, "NextStep", *next);
    } else if (node.is_mapping()) {
      fields.problem("E-BRANCH", "NextStep", "a choice needs a NextStep");
    }
    choice.condition = read_condition(node, fields, index_, reading_);
    fields.refuse_rest();
    step_.choices.push_back(std::move(choice));
  }

  int index_;
  const StepNames& names_;
  Reading& reading_;
  Step& step_;
};

}  // namespace

Condition read_condition(const YamlNode& node, Fields& fields, int step, Reading& reading) {
  return ConditionReader(step, reading).read(node, fields);
}

void read_branch(const YamlNode& inputs, int index, const StepNames& names, Reading& reading, Step& step) {
  BranchReader(index, names, reading, step).read(inputs);
}

}  // namespace slipway::workflow
