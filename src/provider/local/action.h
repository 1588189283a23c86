#pragma once
// An action of documents on this machine is one function; here is what makes an action of it, and what all of them use.

#include <functional>

#include "provider/local/inputs.h"
#include "workflow/action.h"

namespace slipway::provider::local {

using ActionFunction = std::function<net::Task<boost::json::object>(workflow::StepContext, boost::json::object)>;

// See workflow::Action for what each says; `checks` judge what a document writes as literals (E-TYPE). What `run` holds
// outlives the registry.
void add_action(workflow::ActionRegistry& registry, std::string name, workflow::EffectClass effect, ActionFunction run,
                workflow::Action::Inputs inputs, std::vector<std::string_view> outputs, std::vector<InputCheck> checks);

// Shows a line of progress to whoever follows the environment.
void tell(const workflow::StepContext& context, std::string line);

// What is left of the step's time, less a moment to say what was waited for.
std::chrono::milliseconds patience(const workflow::StepContext& context);

}  // namespace slipway::provider::local
