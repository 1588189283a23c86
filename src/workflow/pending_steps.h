#pragma once
// The steps of a document that its execution has not reached: they are Pending, and no journal tells of them. For whom
// an execution is described to, not for what became of it (history.h).

#include "storage/database.h"
#include "workflow/history.h"

namespace slipway::workflow {

// Puts those of the pinned document's main list behind the steps that were entered, in the document's order: name,
// action and status, with no attempts. The body of a loop is left out: its paths have the number of an iteration.
base::Result<void> add_pending_steps(storage::Connection& connection, ExecutionHistory& history);

}  // namespace slipway::workflow
