#pragma once
// Lays out a new execution: checked parameters, its pinned document, its first row. Used by the engine. No clock.

#include "base/clock.h"
#include "base/result.h"
#include "workflow/engine.h"
#include "workflow/transition.h"

namespace slipway::workflow {

// Of all: `sealing` seals the values where there are secrets among them.
// Errors: invalid (InvalidParameters).
base::Result<Prepared> lay_out_execution(StartRequest request, base::Time now, const storage::Sealing& sealing,
                                         const ParameterStore* store = nullptr);

// The child that a transition of `parent` starts.
Prepared lay_out_child(const Execution& parent, const ChildStart& child, base::Time now,
                       const storage::Sealing& sealing);

// `ended` again, as a new execution of the same document that begins with `step`. The values are those that it had,
// or where `afresh` those that it began with.
Prepared lay_out_retry(const Execution& ended, std::shared_ptr<const Plan> plan, std::string step, bool afresh,
                       const std::string& by, base::Time now, const storage::Sealing& sealing);

}  // namespace slipway::workflow
