#pragma once
// Runs a document in memory, for an answer that somebody waits for: the same transition function, but nothing is
// stored, so that outputs may be secrets. Whatever it did is forgotten with a crash; therefore only actions are allowed
// that leave nothing behind. Used by the broker for connect documents.

#include <chrono>
#include <memory>

#include "net/runtime.h"
#include "workflow/plan.h"
#include "workflow/reference.h"

namespace slipway::workflow {

struct TransientRequest {
  std::shared_ptr<const Plan> plan;
  Identity identity;               // without execution id, by which actions see that nothing is stored
  boost::json::object parameters;  // those that the plan declares
};

// That every step is an action of class read, natural or local, or a branch. Errors: invalid with code NotTransient,
// naming the step.
base::Result<void> check_transient(const Plan& plan);

// The document's outputs. Errors: those of the step that failed, timed_out after `patience`; NotTransient.
net::Task<boost::json::object> run_transient(net::Runtime& runtime, const base::Clock& clock,
                                             const ActionRegistry& actions, TransientRequest request,
                                             std::chrono::milliseconds patience);

}  // namespace slipway::workflow
