#pragma once
// For tests of documents: actions that do nothing, and short ways to load a document. Included by tests only.

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <string>

#include "workflow/document.h"

namespace slipway::workflow {

// Declares an action that is never run.
class DeclaredAction : public PlainAction {
 public:
  explicit DeclaredAction(EffectClass effect = EffectClass::name) : effect_(effect) {}
  EffectClass effect_class(const boost::json::object&) const override { return effect_; }
  Inputs inputs() const override { return {.required = {}, .optional = {"Text", "Count", "Items", "Settings"}}; }
  std::vector<std::string_view> outputs() const override { return {"Id", "Items", "Count"}; }
  net::Task<boost::json::object> run(StepContext, boost::json::object) override {
    co_return base::internal("a declared action is not run");
  }

 private:
  EffectClass effect_;
};

class StrictAction final : public DeclaredAction {
 public:
  Inputs inputs() const override { return {.required = {"Folder"}, .optional = {"Mode"}}; }
};

inline const ActionRegistry& declared_actions() {
  static const auto registry = [] {
    auto all = std::make_unique<ActionRegistry>();
    all->add("local:do", std::make_unique<DeclaredAction>());
    all->add("local:make", std::make_unique<StrictAction>());
    all->add("local:read", std::make_unique<DeclaredAction>(EffectClass::read));
    all->add("local:natural", std::make_unique<DeclaredAction>(EffectClass::natural));
    all->add("local:token", std::make_unique<DeclaredAction>(EffectClass::token));
    all->add("local:unsafe", std::make_unique<DeclaredAction>(EffectClass::unsafe));
    return all;
  }();
  return *registry;
}

inline Loaded load(std::string_view content) {
  return load_document("test.yaml", content, declared_actions());
}

// The problems as "CODE line:column /pointer".
inline std::vector<std::string> places(const Loaded& loaded) {
  std::vector<std::string> all;
  for (const auto& problem : loaded.problems) {
    all.push_back(problem.code + " " + std::to_string(problem.mark.line) + ":" + std::to_string(problem.mark.column) +
                  " " + problem.pointer);
  }
  return all;
}

inline std::string words(const Loaded& loaded) {
  std::string all;
  for (const auto& problem : loaded.problems) all += to_string(problem) + "\n";
  return all;
}

// A document that loads; a test that gives one which does not is wrong.
inline std::shared_ptr<const Plan> plan_of(std::string_view content) {
  auto loaded = load(content);
  if (!loaded.plan) throw std::logic_error(words(loaded));
  return loaded.plan;
}

}  // namespace slipway::workflow
