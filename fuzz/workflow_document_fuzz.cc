// Loading of any document: input is its text. Holds: no crash; the same text gives the same result; what loads has
// every jump inside its list of steps and no circle, and what does not says why.

#include <boost/json/value.hpp>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "workflow/aws_actions.h"
#include "workflow/document.h"

using namespace slipway;

namespace {

class Anything final : public workflow::PlainAction {
 public:
  workflow::EffectClass effect_class(const boost::json::object&) const override { return workflow::EffectClass::name; }
  Inputs inputs() const override { return {.required = {}, .optional = {"Text", "Items", "Settings"}}; }
  std::vector<std::string_view> outputs() const override { return {"Id", "Items"}; }
  net::Task<boost::json::object> run(workflow::StepContext, boost::json::object) override {
    co_return base::internal("not run");
  }
};

const workflow::ActionRegistry& actions() {
  static const auto registry = [] {
    auto made = std::make_unique<workflow::ActionRegistry>();
    made->add("local:do", std::make_unique<Anything>());
    workflow::add_aws_actions(*made);
    return made;
  }();
  return *registry;
}

// Steps are left by each way out; a circle would never end.
void walk(const workflow::Plan& plan, int index, int left) {
  if (index == workflow::kEnd) return;
  if (left == 0 || index < 0 || static_cast<std::size_t>(index) >= plan.steps.size()) std::abort();
  const auto& step = plan.steps[static_cast<std::size_t>(index)];
  walk(plan, step.next, left - 1);
  if (left < static_cast<int>(plan.steps.size()) - 3)
    return;  // all ways, but only near the start: they double each time
  walk(plan, step.failure_next, left - 1);
  walk(plan, step.cancel_next, left - 1);
  for (const auto& choice : step.choices) walk(plan, choice.next, left - 1);
}

void check_lists(const workflow::Plan& plan) {
  const auto check = [&](int to, int parent) {
    if (to == workflow::kEnd) return;
    if (to < 0 || static_cast<std::size_t>(to) >= plan.steps.size()) std::abort();
    if (plan.steps[static_cast<std::size_t>(to)].parent != parent) std::abort();
  };
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const auto& step = plan.steps[i];
    check(step.next, step.parent);
    check(step.failure_next, step.parent);
    check(step.cancel_next, step.parent);
    for (const auto& choice : step.choices) check(choice.next, step.parent);
    check(step.body, static_cast<int>(i));
    if ((step.kind == workflow::Step::Kind::loop) != (step.body != workflow::kEnd)) std::abort();
    walk(plan, step.body, static_cast<int>(plan.steps.size()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto loaded = workflow::load_document("fuzz.yaml", text, actions());
  const auto again = workflow::load_document("fuzz.yaml", text, actions());
  if (loaded.problems.size() != again.problems.size() || !loaded.plan != !again.plan) std::abort();
  bool refused = false;
  for (const auto& problem : loaded.problems) refused |= !problem.warning();
  if (loaded.plan && refused) std::abort();
  if (!loaded.plan && loaded.problems.empty()) std::abort();
  if (!loaded.plan) return 0;
  walk(*loaded.plan, 0, static_cast<int>(loaded.plan->steps.size()));
  check_lists(*loaded.plan);
  return 0;
}
