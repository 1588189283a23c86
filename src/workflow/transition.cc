#include "workflow/transition.h"

#include "workflow/mover.h"

namespace slipway::workflow {

namespace json = boost::json;

namespace {

const Identity kNobody;

Scope values_of(const State& state) {
  return {kNobody, {}, &state.parameters, &state.outputs, &state.variables};
}

}  // namespace

Transition transition(const Plan& plan, const Identity& identity, State state, const Event& event,
                      const FoundDocuments& documents) {
  return Mover(plan, identity, std::move(state), event, documents).move();
}

json::object document_outputs(const Plan& plan, const State& state) {
  json::object values;
  for (const auto& output : plan.outputs) {
    if (auto value = look_up(output.from, values_of(state))) values[output.name] = std::move(*value);
  }
  return values;
}

json::array output_list(const Plan& plan, const State& state) {
  json::array values;
  for (const auto& output : plan.outputs) {
    auto value = look_up(output.from, values_of(state));
    values.push_back(value ? std::move(*value) : json::value(""));
  }
  return values;
}

}  // namespace slipway::workflow
