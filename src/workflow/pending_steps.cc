#include "workflow/pending_steps.h"

#include <algorithm>

#include "base/yaml.h"
#include "storage/documents.h"
#include "workflow/state.h"

namespace slipway::workflow {

base::Result<void> add_pending_steps(storage::Connection& connection, ExecutionHistory& history) {
  const auto document = TRY(storage::find_document(connection, history.document, history.document_version));
  if (!document) return {};
  // Loading it would take the actions; it has loaded before, so all that is there has its form.
  const auto root = TRY(base::parse_yaml(document->content));
  const auto* steps = root.find("mainSteps");
  if (steps == nullptr) return {};
  for (const auto& node : steps->items) {
    const auto* name = node.find("name");
    const auto* action = node.find("action");
    if (name == nullptr || action == nullptr) continue;
    if (std::ranges::find(history.steps, name->text, &StepHistory::step) != history.steps.end()) continue;
    StepHistory step;
    step.step = name->text;
    step.action = action->text;
    step.attempts = 0;
    step.status = to_string(Status::pending);
    history.steps.push_back(std::move(step));
  }
  return {};
}

}  // namespace slipway::workflow
