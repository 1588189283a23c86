// References of a document: reading them out of it, and what they can refer to.

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "workflow/document_reader.h"

namespace slipway::workflow {

using base::YamlNode;

namespace {

const Step& step_at(const Plan& plan, int index) {
  return plan.steps[static_cast<std::size_t>(index)];
}

bool is_of_iteration(std::string_view output) {
  return output == "CurrentIteration" || output == "CurrentIteratorValue";
}

void check_name(const ReferenceUse& use, const std::vector<Parameter>& declared, std::string_view what,
                Problems& problems) {
  if (std::ranges::find(declared, use.reference.name, &Parameter::name) != declared.end()) return;
  std::vector<std::string_view> names;
  for (const auto& one : declared) names.push_back(one.name);
  problems.add("E-REF", use.pointer, use.mark,
               fmt::format("there is no {} '{}'{}", what, base::excerpt(use.reference.name),
                           suggestion(use.reference.name, names)));
}

bool check_output(const Reading& reading, const ReferenceUse& use, Problems& problems) {
  const int target = reading.plan.find_step(use.reference.name);
  if (target == kEnd) {
    std::vector<std::string_view> names;
    for (const auto& step : reading.plan.steps) names.push_back(step.name);
    problems.add("E-REF", use.pointer, use.mark,
                 fmt::format("there is no step '{}'{}", base::excerpt(use.reference.name),
                             suggestion(use.reference.name, names)));
    return false;
  }
  const auto& step = step_at(reading.plan, target);
  auto outputs = predefined_outputs(step, reading.actions);
  for (const auto& output : step.outputs) outputs.push_back(output.name);
  if (std::ranges::find(outputs, use.reference.output) != outputs.end()) return true;
  problems.add(
      "E-REF", use.pointer, use.mark,
      fmt::format("step {} gives no output '{}'; it gives: {}{}", step.name, base::excerpt(use.reference.output),
                  outputs.empty() ? "none" : fmt::format("{}", fmt::join(outputs, ", ")),
                  suggestion(use.reference.output, outputs)));
  return false;
}

// {{ Loop.CurrentIteration }} has a value in the loop only.
void check_iteration(const Reading& reading, const ReferenceUse& use, int loop, Problems& problems) {
  const bool inside = use.step != kEnd && (step_at(reading.plan, use.step).parent == loop || use.at_loop_end);
  if (inside) return;
  problems.add("E-REF", use.pointer, use.mark,
               fmt::format("{} has a value inside the loop only", use.reference.text()));
}

// A step's outputs are there only where it ran before.
void check_order(const Reading& reading, const Graph& graph, const ReferenceUse& use, Problems& problems) {
  const int target = reading.plan.find_step(use.reference.name);
  const auto place = static_cast<std::size_t>(use.at_loop_end ? graph.end_of(use.step) : use.step);
  const auto& name = step_at(reading.plan, use.step).name;
  const bool itself = target == use.step && step_at(reading.plan, target).parent == kEnd;
  if (itself || !graph.reachable(target)[place]) {
    problems.add("E-REF", use.pointer, use.mark,
                 fmt::format("step {} cannot run before step {}", use.reference.name, name));
  } else if (!use.may_be_unset && (target == use.step || graph.reachable(0, target)[place])) {
    problems.add("W-REF", use.pointer, use.mark,
                 fmt::format("step {} does not run before step {} on every path; without a value the step fails",
                             use.reference.name, name));
  }
}

}  // namespace

void Reading::collect(const YamlNode& node, const std::string& pointer, const ReferenceUse& like) {
  if (node.kind == YamlNode::Kind::string) {
    auto pieces = split_references(node.text);
    if (!pieces) return problems.add(pieces.error().code, pointer, node.mark, pieces.error().message);
    for (auto& piece : *pieces) {
      auto* reference = std::get_if<Reference>(&piece);
      if (reference == nullptr) continue;
      auto use = like;
      use.reference = std::move(*reference);
      use.pointer = pointer;
      use.mark = node.mark;
      uses.push_back(std::move(use));
    }
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) collect(node.items[i], fmt::format("{}/{}", pointer, i), like);
  for (const auto& member : node.members) {
    const auto place = pointer + "/" + pointer_part(member.key);
    if (member.key.find("{{") != std::string::npos) {
      problems.add("E-NEST", place, member.mark, "a key cannot hold a reference");
    }
    collect(member.value, place, like);
  }
}

void check_references(Reading& reading) {
  auto& problems = reading.problems;
  const Graph graph(reading.plan);
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
        check_name(use, reading.plan.variables, "variable", problems);
        break;
      case Reference::Kind::parameter:
        check_name(use, reading.plan.parameters, "parameter", problems);
        break;
      case Reference::Kind::output: {
        if (!check_output(reading, use, problems)) break;
        const int target = reading.plan.find_step(reference.name);
        if (step_at(reading.plan, target).kind == Step::Kind::loop && is_of_iteration(reference.output)) {
          check_iteration(reading, use, target, problems);
        } else if (use.step != kEnd) {
          check_order(reading, graph, use, problems);
        }
        break;
      }
    }
  }
}

}  // namespace slipway::workflow
