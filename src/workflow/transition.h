#pragma once
// The heart of the engine: (state, event) -> (state', command, what to record). Pure: no clock, no I/O, no randomness,
// so that it can be run through every history in a plain loop. One call is one commit: the outcome of a step, the entry
// of the next and the intent of its effect; branches, variables and past sleeps on the way are folded in. Used by
// engine.cc; the work is done by mover.h.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "storage/executions.h"
#include "workflow/documents.h"
#include "workflow/plan.h"
#include "workflow/signal.h"
#include "workflow/state.h"

namespace slipway::workflow {

struct Event {
  enum class Kind {
    start,
    succeeded,  // the call of `of` answered
    failed,
    timed_out,  // the call of `of` did not answer before its deadline
    timer,      // the clock shows `now`
    cancel,     // asked for by somebody; the call in flight, if any, has unwound
    resume,     // the broker starts again: whatever was in flight may or may not have happened
    child_ended,
    signal,
  };
  // The call that an answer belongs to. An answer to any other call is stale and changes nothing.
  struct Call {
    std::string step;
    int visit = 0;
    int attempt = 0;
  };
  struct Child {
    std::string id;
    Status status = Status::success;
    boost::json::array outputs;  // of its document, in declared order
    std::string reason;          // why it did not succeed
    Secrets secrets{};           // which may stand in its outputs
  };

  Kind kind = Kind::start;
  base::Time now{};
  Call of;
  boost::json::object outputs;  // of succeeded: the action's answer
  base::Error error;            // of failed and timed_out
  std::string by;               // of cancel
  Child child;
  Signal signal;
};

struct Command {
  enum class Kind {
    nothing,  // the event changed nothing
    call,     // run the action, once the commit is durable
    wait,     // until wake_at where that is set, else for a person or a child
    end,
  };
  Kind kind = Kind::nothing;
  const Step* step = nullptr;  // of call, in the plan
  std::string token;
  boost::json::object inputs;  // resolved
  base::Time wake_at{};
};

// A child to insert in the same commit.
struct ChildStart {
  base::ExecutionId id;  // follows from the step's token, so that there is one
  std::shared_ptr<const Plan> plan;
  boost::json::object parameters;  // bound
  Secrets secrets;                 // of the parent, which may stand in them
};

struct Transition {
  State state;
  Command command;
  bool values_changed = false;  // parameters, variables, outputs or what a loop runs over
  std::vector<storage::JournalRow> journal;
  std::vector<storage::EffectRow> effects;
  std::optional<ChildStart> child;
  std::optional<base::ExecutionId> cancel_child;  // to ask to end in the same commit
  std::optional<base::Error> refusal;  // of a signal that the execution does not wait for: conflict, forbidden
  // A DocumentName that is not among `documents`: nothing else of this counts, and the same again with it does.
  std::optional<std::string> wanted;

  bool changed() const { return !journal.empty(); }
};

// `documents`: what aws:executeAutomation finds.
Transition transition(const Plan& plan, const Identity& identity, State state, const Event& event,
                      const FoundDocuments& documents = {});

// The outputs of the document that have a value, by name.
boost::json::object document_outputs(const Plan& plan, const State& state);
// All of them in declared order, as a parent gets them; empty text for one without a value.
boost::json::array output_list(const Plan& plan, const State& state);

}  // namespace slipway::workflow
