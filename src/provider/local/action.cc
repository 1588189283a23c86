#include "provider/local/action.h"

#include <algorithm>

#include "workflow/reference.h"

namespace slipway::provider::local {

namespace json = boost::json;
using std::chrono::milliseconds;
using workflow::StepContext;

namespace {

// What it will be, only the run knows.
bool holds_reference(const json::value& written) {
  return workflow::to_text(written).find("{{") != std::string::npos;
}

class FunctionAction final : public workflow::PlainAction {
 public:
  FunctionAction(workflow::EffectClass effect, ActionFunction run, Inputs inputs, std::vector<std::string_view> outputs,
                 std::vector<InputCheck> checks)
      : effect_(effect),
        run_(std::move(run)),
        inputs_(std::move(inputs)),
        outputs_(std::move(outputs)),
        checks_(std::move(checks)) {}

  workflow::EffectClass effect_class(const json::object&) const override { return effect_; }
  Inputs inputs() const override { return inputs_; }
  std::vector<InputProblem> check(const json::object& inputs) const override {
    std::vector<InputProblem> problems;
    for (const auto& check : checks_) {
      const auto* written = inputs.if_contains(check.input);
      if (written == nullptr || holds_reference(*written)) continue;
      const auto read = check.read(inputs);
      if (!read) problems.push_back({"E-TYPE", std::string(check.input), read.error().message});
    }
    return problems;
  }
  std::vector<std::string_view> outputs() const override { return outputs_; }
  std::chrono::seconds default_timeout() const override { return std::chrono::minutes(2); }
  net::Task<json::object> run(StepContext context, json::object inputs) override {
    return run_(std::move(context), std::move(inputs));
  }

 private:
  workflow::EffectClass effect_;
  ActionFunction run_;
  Inputs inputs_;
  std::vector<std::string_view> outputs_;
  std::vector<InputCheck> checks_;
};

}  // namespace

void add_action(workflow::ActionRegistry& registry, std::string name, workflow::EffectClass effect, ActionFunction run,
                workflow::Action::Inputs inputs, std::vector<std::string_view> outputs,
                std::vector<InputCheck> checks) {
  registry.add(std::move(name), std::make_unique<FunctionAction>(effect, std::move(run), std::move(inputs),
                                                                 std::move(outputs), std::move(checks)));
}

void tell(const StepContext& context, std::string line) {
  if (context.progress) context.progress(std::move(line));
}

milliseconds patience(const StepContext& context) {
  const auto left = context.deadline - base::system_clock().now() - milliseconds(500);
  return std::clamp(left, milliseconds(100), milliseconds(std::chrono::hours(1)));
}

}  // namespace slipway::provider::local
