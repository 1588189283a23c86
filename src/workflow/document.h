#pragma once
// Reads an automation document (schemaVersion 0.3, YAML or JSON, at most 64 KiB) into a Plan. Used by the broker when a
// type is loaded, and by the engine for the stored document of an execution. Knows no storage.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "workflow/plan.h"
#include "workflow/problem.h"

namespace slipway::workflow {

struct Loaded {
  std::shared_ptr<const Plan> plan;  // null where a problem refuses the document
  std::vector<Problem> problems;     // and warnings, in the order of the lines, at most 100
};

// All problems at once. `name` stands before each of them: the document's path, or its name.
Loaded load_document(std::string name, std::string_view content, const ActionRegistry& actions);

// Whether this broker can do every step of the document (Action::refusal). Errors: invalid, code ActionNotAvailable,
// naming the document, the first step that it cannot do, its action and why.
base::Result<void> check_runnable(const Plan& plan, const ActionRegistry& actions);

}  // namespace slipway::workflow
