#pragma once
// Lays out a new execution: checked parameters, its pinned document, its first row. Used by the engine. No clock.

#include "base/clock.h"
#include "base/result.h"
#include "workflow/engine.h"

namespace slipway::workflow {

// Errors: invalid (InvalidParameters).
base::Result<Prepared> lay_out_execution(StartRequest request, base::Time now);

}  // namespace slipway::workflow
