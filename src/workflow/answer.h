#pragma once
// What of an action's answer may be kept at all. Used where actions are run.

#include <boost/json/object.hpp>

#include "workflow/plan.h"

namespace slipway::workflow {

// The whole answer where `step` selects its outputs from it (the transition function does that), or where the action
// gives just what it says. Of an action whose answer is anything, as that of an API, and a step that selects nothing:
// what the action gives by itself, such as nothing.
boost::json::object what_is_kept(const Action& action, const Step& step, boost::json::object answer);

}  // namespace slipway::workflow
