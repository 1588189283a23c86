// What only the whole document shows of its flow: cycles, steps that nothing reaches, failures that nobody hears of.

#include <fmt/format.h>

#include <algorithm>

#include "workflow/aws_operations.h"
#include "workflow/document_reader.h"

namespace slipway::workflow {

namespace {

const Step& step_at(const Plan& plan, int index) {
  return plan.steps[static_cast<std::size_t>(index)];
}

// Within one list of steps: a loop is one step of its list.
std::vector<int> successors(const Step& step) {
  std::vector<int> all = {step.next, step.failure_next, step.cancel_next};
  for (const auto& choice : step.choices) all.push_back(choice.next);
  std::erase(all, kEnd);
  return all;
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

void check_circles(const Plan& plan, Problems& problems) {
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
    problems.add("E-CYCLE", plan.steps[i].pointer, plan.steps[i].mark,
                 fmt::format("the steps run in a circle: {}{}", shown, plan.steps[i].name));
  }
}

bool publishes(const Step& step) {
  const auto* service = step.inputs.if_contains("Service");
  const auto* api = step.inputs.if_contains("Api");
  return step.action == "aws:executeAwsApi" && service != nullptr && api != nullptr && service->is_string() &&
         api->is_string() && service->get_string() == "events" && operation_key(api->get_string()) == "putevents";
}

// True where the execution can end from `index` on without a step that publishes.
bool ends_quietly(const Plan& plan, int index, std::vector<bool>& seen) {
  if (index == kEnd) return true;
  if (seen[static_cast<std::size_t>(index)] || publishes(step_at(plan, index))) return false;
  seen[static_cast<std::size_t>(index)] = true;
  const auto& step = step_at(plan, index);
  if (ends_quietly(plan, step.next, seen)) return true;
  return std::ranges::any_of(step.choices, [&](const Choice& choice) { return ends_quietly(plan, choice.next, seen); });
}

// In a document that tells by events what becomes of it, a failure that ends it without one leaves its reader waiting.
void check_quiet_ends(const Plan& plan, Problems& problems) {
  if (std::ranges::none_of(plan.steps, publishes)) return;
  for (const auto& step : plan.steps) {
    const bool can_fail = step.kind == Step::Kind::action || step.kind == Step::Kind::child ||
                          step.kind == Step::Kind::approve || step.kind == Step::Kind::loop;
    if (!can_fail || step.parent != kEnd || publishes(step)) continue;
    int after = kEnd;
    if (step.on_failure == Step::OnFailure::jump) after = step.failure_next;
    if (step.on_failure == Step::OnFailure::proceed) after = step.next;
    std::vector<bool> seen(plan.steps.size());
    if (!ends_quietly(plan, after, seen)) continue;
    problems.add("W-END", step.pointer, step.mark,
                 fmt::format("a failure of step {} can end the execution without an event", step.name));
  }
}

}  // namespace

void check_flow(Reading& reading) {
  const auto& plan = reading.plan;
  if (plan.steps.empty()) return;
  // Behind a broken jump everything is out of reach: that is no news.
  if (!reading.problems.refused()) {
    const auto reached = Graph(plan).reachable(0);
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      if (!reached[i])
        reading.problems.add("W-UNREACH", plan.steps[i].pointer, plan.steps[i].mark, "no step leads here");
    }
    check_quiet_ends(plan, reading.problems);
  }
  check_circles(plan, reading.problems);
}

}  // namespace slipway::workflow
