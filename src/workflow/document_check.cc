// What only the whole document shows: cycles, steps that nothing reaches, references that cannot have a value.

#include <fmt/format.h>

#include <algorithm>

#include "workflow/document_reader.h"

namespace slipway::workflow {

using base::YamlNode;

namespace {

std::vector<int> successors(const Step& step) {
  std::vector<int> all = {step.next, step.failure_next, step.cancel_next};
  for (const auto& choice : step.choices) all.push_back(choice.next);
  std::erase(all, kEnd);
  return all;
}

const Step& step_at(const Plan& plan, int index) {
  return plan.steps[static_cast<std::size_t>(index)];
}

// The steps that can run after entering `from`, itself included, on paths that avoid `without`.
std::vector<bool> reachable(const Plan& plan, int from, int without = kEnd) {
  std::vector<bool> seen(plan.steps.size());
  std::vector<int> todo;
  if (from != without) todo.push_back(from);
  while (!todo.empty()) {
    const int index = todo.back();
    todo.pop_back();
    if (seen[static_cast<std::size_t>(index)]) continue;
    seen[static_cast<std::size_t>(index)] = true;
    for (const int next : successors(step_at(plan, index))) {
      if (next != without) todo.push_back(next);
    }
  }
  return seen;
}

// The steps of one circle through `start`, or nothing.
std::vector<int> circle(const Plan& plan, int start, std::vector<int>& path, std::vector<bool>& seen) {
  for (const int next : successors(step_at(plan, path.back()))) {
    if (next == start) return path;
    if (seen[static_cast<std::size_t>(next)]) continue;
    seen[static_cast<std::size_t>(next)] = true;
    path.push_back(next);
    if (auto found = circle(plan, start, path, seen); !found.empty()) return found;
    path.pop_back();
  }
  return {};
}

bool check_output(const Reading& reading, const ReferenceUse& use, Problems& problems) {
  const int target = reading.plan.find_step(use.reference.name);
  if (target == kEnd) {
    std::vector<std::string_view> names;
    for (const auto& step : reading.plan.steps) names.push_back(step.name);
    problems.add("E-REF", use.pointer, use.mark,
                 fmt::format("there is no step '{}'{}", use.reference.name, suggestion(use.reference.name, names)));
    return false;
  }
  const auto& step = step_at(reading.plan, target);
  const auto* action = reading.actions.find(step.action);
  const auto outputs = action == nullptr ? std::vector<std::string_view>{} : action->outputs();
  if (std::ranges::find(outputs, use.reference.output) != outputs.end()) return true;
  problems.add("E-REF", use.pointer, use.mark,
               fmt::format("step {} gives no output '{}'; it gives: {}", step.name, use.reference.output,
                           outputs.empty() ? "none" : fmt::format("{}", fmt::join(outputs, ", "))));
  return false;
}

// A step's outputs are there only where it ran before.
void check_order(const Reading& reading, const ReferenceUse& use, Problems& problems) {
  const int target = reading.plan.find_step(use.reference.name);
  const auto place = static_cast<std::size_t>(use.step);
  if (target == use.step || !reachable(reading.plan, target)[place]) {
    problems.add("E-REF", use.pointer, use.mark,
                 fmt::format("step {} cannot run before step {}", use.reference.name, reading.plan.steps[place].name));
  } else if (!use.may_be_unset && reachable(reading.plan, 0, target)[place]) {
    problems.add("W-REF", use.pointer, use.mark,
                 fmt::format("step {} does not run before step {} on every path; without a value the step fails",
                             use.reference.name, reading.plan.steps[place].name));
  }
}

}  // namespace

void Reading::collect(const YamlNode& node, int step, const std::string& pointer, bool may_be_unset) {
  if (node.kind == YamlNode::Kind::string) {
    auto pieces = split_references(node.text);
    if (!pieces) return problems.add(pieces.error().code, pointer, node.mark, pieces.error().message);
    for (auto& piece : *pieces) {
      auto* reference = std::get_if<Reference>(&piece);
      if (reference != nullptr) uses.push_back({step, std::move(*reference), pointer, node.mark, may_be_unset});
    }
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    collect(node.items[i], step, fmt::format("{}/{}", pointer, i), may_be_unset);
  }
  for (const auto& member : node.members) {
    const auto place = pointer + "/" + pointer_part(member.key);
    if (member.key.find("{{") != std::string::npos) {
      problems.add("E-NEST", place, member.mark, "a key cannot hold a reference");
    }
    collect(member.value, step, place, may_be_unset);
  }
}

void check_flow(Reading& reading) {
  const auto& plan = reading.plan;
  if (plan.steps.empty()) return;
  const auto reached = reachable(plan, 0);
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    // Behind a broken jump everything is out of reach: that is no news.
    if (!reached[i] && !reading.problems.refused())
      reading.problems.add("W-UNREACH", plan.steps[i].pointer, plan.steps[i].mark, "no step leads here");
  }
  std::vector<bool> in_circle(plan.steps.size());
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    if (in_circle[i]) continue;
    const int start = static_cast<int>(i);
    std::vector<int> path{start};
    std::vector<bool> seen(plan.steps.size());
    std::string shown;
    for (const int index : circle(plan, start, path, seen)) {
      in_circle[static_cast<std::size_t>(index)] = true;
      shown += step_at(plan, index).name + " > ";
    }
    if (shown.empty()) continue;
    reading.problems.add("E-CYCLE", plan.steps[i].pointer, plan.steps[i].mark,
                         fmt::format("the steps run in a circle: {}{}", shown, plan.steps[i].name));
  }
}

void check_references(Reading& reading) {
  auto& problems = reading.problems;
  for (const auto& use : reading.uses) {
    const auto& reference = use.reference;
    switch (reference.kind) {
      case Reference::Kind::global:
      case Reference::Kind::automation:
        break;
      case Reference::Kind::ssm:
        problems.add("E-SSMREF", use.pointer, use.mark, "{{ ssm: }} may stand in a parameter's default only");
        break;
      case Reference::Kind::variable:
        problems.add("E-REF", use.pointer, use.mark, fmt::format("there is no variable '{}'", reference.name));
        break;
      case Reference::Kind::parameter: {
        std::vector<std::string_view> names;
        for (const auto& parameter : reading.plan.parameters) names.push_back(parameter.name);
        if (reading.plan.find_parameter(reference.name) == nullptr) {
          problems.add("E-REF", use.pointer, use.mark,
                       fmt::format("there is no parameter '{}'{}", reference.name, suggestion(reference.name, names)));
        }
        break;
      }
      case Reference::Kind::output:
        if (check_output(reading, use, problems) && use.step != kEnd) check_order(reading, use, problems);
        break;
    }
  }
}

}  // namespace slipway::workflow
