// What can follow what in a document.

#include <algorithm>

#include "workflow/document_reader.h"

namespace slipway::workflow {

namespace {

// A body with a condition behind it, or with a list that is there and not empty, runs at least once.
bool runs_once(const Step& loop) {
  if (loop.loop_condition) return true;
  const auto* iterators = loop.inputs.if_contains("Iterators");
  return iterators != nullptr && iterators->is_array() && !iterators->get_array().empty();
}

}  // namespace

Graph::Graph(const Plan& plan) : plan_(plan), successors_(plan.steps.size() * 2) {
  for (int i = 0; i < static_cast<int>(plan.steps.size()); ++i) {
    const auto& step = plan.steps[static_cast<std::size_t>(i)];
    const bool loops = step.kind == Step::Kind::loop && step.body != kEnd;
    const int left = loops ? end_of(i) : i;  // the node that the step is left from
    if (loops) {
      add(i, step.body);
      add(left, step.body);
      if (!runs_once(step)) add(i, left);
    }
    add(left, or_loop_end(step, step.next));
    if (step.on_failure == Step::OnFailure::jump) add(left, step.failure_next);
    // A body step that aborts fails its loop.
    if (step.on_failure == Step::OnFailure::abort && step.parent != kEnd) add(left, end_of(step.parent));
    add(left, step.cancel_next);
    for (const auto& choice : step.choices) add(i, or_loop_end(step, choice.next));
  }
}

void Graph::add(int from, int to) {
  if (to != kEnd) successors_[static_cast<std::size_t>(from)].push_back(to);
}

int Graph::or_loop_end(const Step& step, int next) const {
  return next == kEnd && step.parent != kEnd ? end_of(step.parent) : next;
}

std::vector<bool> Graph::reachable(int from, int without) const {
  std::vector<bool> seen(successors_.size());
  std::vector<int> todo;
  if (from != without) todo.push_back(from);
  while (!todo.empty()) {
    const int node = todo.back();
    todo.pop_back();
    if (seen[static_cast<std::size_t>(node)]) continue;
    seen[static_cast<std::size_t>(node)] = true;
    for (const int next : successors_[static_cast<std::size_t>(node)]) {
      if (next != without) todo.push_back(next);
    }
  }
  return seen;
}

}  // namespace slipway::workflow
