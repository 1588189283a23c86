// What becomes of a document that uses everything, against tests/golden/every_feature.plan.json: the meaning of
// documents does not change unnoticed. Where it is meant to, kSemantics may have to rise (docs/documents.md);
// SLIPWAY_GOLDEN=1 writes the file anew, and its difference is read before it is kept.

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "workflow/aws_actions.h"
#include "workflow/document_fixture.h"
#include "workflow/parameters.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;

constexpr auto* kDocument = "tests/golden/every_feature.yaml";
constexpr auto* kPlan = "tests/golden/every_feature.plan.json";

// As aws:executeScript, which needs a sandbox to be made.
class Script final : public PlainAction {
 public:
  EffectClass effect_class(const json::object&) const override { return EffectClass::unsafe; }
  Inputs inputs() const override {
    return {.required = {"Runtime"}, .optional = {"Handler", "InputPayload", "Script", "Attachment"}};
  }
  std::vector<std::string_view> outputs() const override { return {"Payload"}; }
  bool selects_outputs() const override { return true; }
  std::chrono::seconds default_timeout() const override { return std::chrono::minutes(10); }
  net::Task<json::object> run(StepContext, json::object) override { co_return base::internal("it is not run"); }
};

std::string text_of(const char* file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

template <class Items, class Write>
json::array each(const Items& items, Write write) {
  json::array all;
  for (const auto& item : items) all.push_back(write(item));
  return all;
}

json::value json_of(const Parameter& parameter) {
  json::object bounds;
  for (const auto& [name, bound] : parameter.bounds) bounds[name] = bound;
  return {
      {"name", parameter.name},
      {"type", to_string(parameter.type)},
      {"default", parameter.fallback ? *parameter.fallback : json::value("(none)")},
      {"allowedValues", json::array(parameter.allowed_values.begin(), parameter.allowed_values.end())},
      {"allowedPattern", parameter.allowed_pattern ? json::value(parameter.allowed_pattern->text()) : json::value()},
      {"bounds", std::move(bounds)},
      {"sensitive", parameter.sensitive}};
}

json::value json_of(const Condition& condition) {
  const auto name = condition_names().at(static_cast<std::size_t>(condition.kind));
  if (is_comparison(condition.kind)) return {{name, {condition.variable, condition.constant}}};
  return {{name, each(condition.children, [](const Condition& child) { return json_of(child); })}};
}

json::value json_of(const SelectedOutput& output) {
  return {{"name", output.name},
          {"selector", each(output.selector.parts,
                            [](const Selector::Part& part) {
                              return json::value{static_cast<int>(part.kind), part.name, part.index};
                            })},
          {"type", to_string(output.type)},
          {"asFound", output.as_found}};
}

// A jump by the name of its step.
json::value name_at(const Plan& plan, int index) {
  return index == kEnd ? json::value() : json::value(plan.steps[static_cast<std::size_t>(index)].name);
}

json::value json_of(const Plan& plan, const Step& step) {
  constexpr std::string_view kFailures[] = {"Abort", "Continue", "jump"};
  json::object made{{"name", step.name},
                    {"pointer", step.pointer},
                    {"action", step.action},
                    {"kind", static_cast<int>(step.kind)},
                    {"effect", to_string(step.effect)},
                    {"inputs", step.inputs},
                    {"next", name_at(plan, step.next)},
                    {"onFailure", kFailures[static_cast<int>(step.on_failure)]},
                    {"failureNext", name_at(plan, step.failure_next)},
                    {"cancelNext", name_at(plan, step.cancel_next)},
                    {"critical", step.critical},
                    {"maxAttempts", step.max_attempts},
                    {"timeout", step.timeout},
                    {"defaultTimeout", step.default_timeout.count()},
                    {"outputs", each(step.outputs, [](const SelectedOutput& output) { return json_of(output); })}};
  if (!step.choices.empty()) {
    made["choices"] = each(step.choices, [&](const Choice& choice) {
      return json::value{{"if", json_of(choice.condition)}, {"next", name_at(plan, choice.next)}};
    });
  }
  if (step.parent != kEnd) made["parent"] = name_at(plan, step.parent);
  if (step.body == kEnd) return made;
  made["body"] = name_at(plan, step.body);
  made["condition"] = step.loop_condition ? json_of(*step.loop_condition) : json::value();
  made["iteratorType"] = to_string(step.iterator_type);
  made["maxIterations"] = step.max_iterations;
  return made;
}

json::object json_of(const Plan& plan) {
  return {{"semantics", kSemantics},
          {"assumeRole", plan.assume_role},
          {"parameters", each(plan.parameters, [](const Parameter& one) { return json_of(one); })},
          {"variables", each(plan.variables, [](const Parameter& one) { return json_of(one); })},
          {"steps", each(plan.steps, [&](const Step& step) { return json_of(plan, step); })},
          {"outputs",
           each(plan.outputs, [](const Output& output) { return json::value{output.name, output.from.text()}; })},
          {"files", each(plan.files, [](const File& file) { return json::value{file.name, file.sha256}; })}};
}

// One line for each part, so that a difference shows what it is about.
std::string lines_of(const json::object& plan) {
  std::string text = "{\n";
  for (const auto& [key, value] : plan) {
    text += " " + json::serialize(key) + ": ";
    const auto* items = value.if_array();
    if (items == nullptr) {
      text += json::serialize(value);
    } else {
      text += "[";
      for (const auto& item : *items) text += (&item == &items->front() ? "\n  " : ",\n  ") + json::serialize(item);
      text += "]";
    }
    text += key == plan.rbegin()->key() ? "\n" : ",\n";
  }
  return text + "}\n";
}

TEST(Golden, the_plan_of_a_document_that_uses_everything_stays_as_it_is) {
  ActionRegistry actions;
  add_aws_actions(actions);
  actions.add("aws:executeScript", std::make_unique<Script>());
  actions.add("local:token", std::make_unique<DeclaredAction>(EffectClass::token));
  actions.add("local:natural", std::make_unique<DeclaredAction>(EffectClass::natural));
  const auto loaded = load_document("every_feature.yaml", text_of(kDocument), actions);
  ASSERT_TRUE(loaded.plan) << words(loaded);
  const auto text = lines_of(json_of(*loaded.plan));
  if (std::getenv("SLIPWAY_GOLDEN") != nullptr) std::ofstream(kPlan) << text;
  EXPECT_EQ(text, text_of(kPlan));
}

}  // namespace
}  // namespace slipway::workflow
