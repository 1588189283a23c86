#include "workflow/action.h"

#include <fmt/format.h>

#include <stdexcept>

namespace slipway::workflow {

std::string_view to_string(EffectClass effect) {
  switch (effect) {
    case EffectClass::read:
      return "read";
    case EffectClass::natural:
      return "natural";
    case EffectClass::name:
      return "name";
    case EffectClass::token:
      return "token";
    case EffectClass::unsafe:
      return "unsafe";
    case EffectClass::local:
      return "local";
  }
}

void ActionRegistry::add(std::string name, std::unique_ptr<Action> action) {
  if (!actions_.emplace(name, std::move(action)).second) {
    throw std::logic_error(fmt::format("action {} is registered twice", name));
  }
}

Action* ActionRegistry::find(std::string_view name) const {
  const auto found = actions_.find(name);
  return found == actions_.end() ? nullptr : found->second.get();
}

std::vector<std::string> ActionRegistry::names() const {
  std::vector<std::string> all;
  for (const auto& [name, action] : actions_) all.push_back(name);
  return all;
}

}  // namespace slipway::workflow
