// Loops: iterations of a body, and what its steps mean for the loop.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>

#include "workflow/mover.h"

namespace slipway::workflow {

namespace json = boost::json;

namespace {

constexpr std::size_t kMostIterators = 100;

// An element of Iterators as the body sees it. Errors: invalid.
base::Result<json::value> iterator_value(Type type, const json::value& item, std::size_t index) {
  switch (type) {
    case Type::string:
      return json::value(to_text(item));
    case Type::integer:
      if (item.is_int64()) return item;
      break;
    case Type::boolean:
      if (item.is_bool()) return item;
      break;
    case Type::string_map:
      if (item.is_object()) return item;
      break;
    case Type::string_list:
    case Type::map_list:
      break;
  }
  return base::invalid(fmt::format("Iterators/{} is not of IteratorDataType {}", index, to_string(type)));
}

base::Result<json::array> iterators_of(const Step& loop, const json::object& inputs) {
  const auto* given = inputs.if_contains("Iterators");
  if (given == nullptr || !given->is_array()) return base::invalid("Iterators is no list");
  const auto& items = given->get_array();
  if (items.size() > kMostIterators) {
    return base::invalid(fmt::format("Iterators has {} elements, more than {}", items.size(), kMostIterators));
  }
  json::array values;
  for (const auto& item : items) values.push_back(TRY(iterator_value(loop.iterator_type, item, values.size())));
  return values;
}

}  // namespace

Mover::Target Mover::begin_loop(const Step& entered, const json::object& inputs) {
  const auto timeout = set_deadline(entered);
  if (!timeout) return settle(Status::failed, of_step(timeout.error(), at().step));
  if (!entered.loop_condition) {
    auto items = iterators_of(entered, inputs);
    if (!items) return settle(Status::failed, of_step(items.error(), at().step));
    if (items->empty()) return settle(Status::success);
    state().iterators = std::move(*items);
  }
  state().loop = LoopPosition{.step = entered.name,
                              .visit = at().visit,
                              .iteration = 0,
                              .entered_at = at().entered_at,
                              .deadline = at().deadline};
  return next_iteration();
}

// Every iteration begins as if the body had never run: what is left after the loop is the last one's.
int Mover::next_iteration() {
  const int index = plan_.find_step(state().loop->step);
  const auto iteration = static_cast<std::size_t>(++state().loop->iteration);
  for (const auto& inside : plan_.steps) {
    if (inside.parent != index) continue;
    state().steps.erase(inside.name);
    state().outputs.erase(inside.name);
  }
  json::object outputs{{"CurrentIteration", static_cast<std::int64_t>(iteration)}};
  if (!step_at(index).loop_condition) outputs["CurrentIteratorValue"] = state().iterators[iteration - 1];
  state().outputs[state().loop->step] = std::move(outputs);
  out_.values_changed = true;
  return step_at(index).body;
}

void Mover::stand_at_loop() {
  const auto& loop = *state().loop;
  at() = {
      .step = loop.step, .visit = loop.visit, .attempt = 1, .entered_at = loop.entered_at, .deadline = loop.deadline};
}

int Mover::after_body_step(const Step& settled, Status outcome, const std::optional<base::Error>& error,
                           Target chosen) {
  const bool bad = outcome == Status::failed || outcome == Status::timed_out;
  if (bad && settled.on_failure == Step::OnFailure::abort) {
    auto reason = error.value_or(base::internal("it did not succeed"));
    reason.message = fmt::format("step {}: {}", at().step, reason.message);
    stand_at_loop();
    return settle(outcome, reason);
  }
  const bool jumps = bad && settled.on_failure == Step::OnFailure::jump;
  const int next = jumps ? settled.failure_next : chosen.value_or(settled.next);
  return next == kEnd ? iteration_over() : next;
}

int Mover::iteration_over() {
  const int iteration = state().loop->iteration;
  stand_at_loop();
  const auto& loop = step();
  if (at().deadline != base::Time{} && now_ >= at().deadline) {
    return settle(Status::timed_out, base::timed_out(fmt::format("step {} timed out", at().step)));
  }
  auto more = base::Result<bool>(static_cast<std::size_t>(iteration) < state().iterators.size());
  if (loop.loop_condition) more = evaluate(*loop.loop_condition, scope());
  if (!more) return settle(Status::failed, of_step(more.error(), at().step));
  if (*more && iteration < loop.max_iterations) return next_iteration();
  if (*more) {
    record("Note", {{"code", "W-ITER"},
                    {"message", fmt::format("the loop {} ended after {} iterations, though more were to come",
                                            loop.name, iteration)}});
  }
  return settle(Status::success);
}

}  // namespace slipway::workflow
