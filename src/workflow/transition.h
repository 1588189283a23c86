#pragma once
// The heart of the engine: (state, event) -> (state', command, what to record). Pure: no clock, no I/O, no randomness,
// so that it can be run through every history in a plain loop. One call is one commit: the outcome of a step, the entry
// of the next and the intent of its effect; branches and past sleeps on the way are folded in. Used by engine.cc.

#include <boost/json/object.hpp>
#include <vector>

#include "storage/executions.h"
#include "workflow/plan.h"
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
  };
  // The call that an answer belongs to. An answer to any other call is stale and changes nothing.
  struct Call {
    std::string step;
    int visit = 0;
    int attempt = 0;
  };

  Kind kind = Kind::start;
  base::Time now{};
  Call of;
  boost::json::object outputs;  // of succeeded
  base::Error error;            // of failed and timed_out
  std::string by;               // of cancel
};

struct Command {
  enum class Kind {
    nothing,  // the event changed nothing
    call,     // run the action, once the commit is durable
    wait,     // until wake_at where that is set, else for a person
    end,
  };
  Kind kind = Kind::nothing;
  const Step* step = nullptr;  // of call, in the plan
  std::string token;
  boost::json::object inputs;  // resolved
  base::Time wake_at{};
};

struct Transition {
  State state;
  Command command;
  bool values_changed = false;  // parameters or outputs
  std::vector<storage::JournalRow> journal;
  std::vector<storage::EffectRow> effects;

  bool changed() const { return !journal.empty(); }
};

Transition transition(const Plan& plan, const Identity& identity, State state, const Event& event);

// The outputs of the document that have a value, by name.
boost::json::object document_outputs(const Plan& plan, const State& state);

}  // namespace slipway::workflow
