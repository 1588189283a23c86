#pragma once
// The actions of documents that call AWS, declared: their inputs, outputs, time-outs and effect classes, so that
// documents load and are checked. They have no client here: a launch that needs one is refused beforehand
// (Action::refusal), and run() answers unavailable, code NoAws.

#include "workflow/action.h"

namespace slipway::workflow {

void add_aws_actions(ActionRegistry& registry);

}  // namespace slipway::workflow
