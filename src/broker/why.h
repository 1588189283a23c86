#pragma once
// The causal chain of an environment: who asked for what, which executions came of it, step by step, what failed with
// which last words, and what was cleaned up. Told from the database, so it is there after the environment is gone.
// Used by the operator surface. Free of secrets.

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "broker/environments.h"
#include "storage/audit.h"
#include "workflow/history.h"

namespace slipway::broker {

struct Explanation {
  EnvironmentPtr environment;
  std::vector<storage::AuditRow> requests;             // oldest first
  std::vector<workflow::ExecutionHistory> executions;  // oldest first
  std::vector<Instance> unhealthy;                     // now; with what is wrong
  std::string progress;                                // last words of the step that runs now; may be empty
};

// One or two sentences for people: where it stands and what brought it there.
std::string conclusion(const Explanation& explanation);

// The steps that took something away: those of terminate executions, and those of a launch after its failing step.
std::vector<const workflow::StepHistory*> cleanup_steps(const Explanation& explanation);

// Environment of the same document: what it is and how it is, without parameters, document and outputs.
boost::json::object to_json(const Environment& environment);

// The outputs of its launch, with what nobody may see masked.
boost::json::object shown_outputs(const Environment& environment);

// The parameters of its launch, masked in the same way. `type`: its own, which says what is sensitive.
boost::json::object shown_parameters(const Environment& environment, const EnvironmentType& type);

// As the operator API answers it (openapi/operator.yaml, Execution).
boost::json::object to_json(const workflow::ExecutionHistory& execution);

// The form that the operator API answers (openapi/operator.yaml, Explanation).
boost::json::object to_json(const Explanation& explanation);

}  // namespace slipway::broker
