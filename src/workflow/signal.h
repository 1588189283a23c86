#pragma once
// What people say to an execution that waits for them. An Event of the transition function; durable with the move that
// takes it in.

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

namespace slipway::workflow {

struct Signal {
  enum class Kind {
    approve,  // to a step that waits for approvals
    reject,
    resume,  // to a pause
    retry,   // to a held step: call it again. To an execution that has ended: do it again, as a new one
    skip,    // to a held step: go on as if it had succeeded, without outputs
    adopt,   // to a held step: it has succeeded, with `outputs`
    fail,    // to a held step: it has failed
  };
  Kind kind = Kind::approve;
  std::string by;               // the caller's name; an approver has to be one of the step's
  std::string comment;          // may be empty
  boost::json::object outputs;  // of adopt
  std::string step;             // of retry of an ended execution: where to begin; empty: where it failed
};

std::string_view to_string(Signal::Kind kind);  // "approve"

}  // namespace slipway::workflow
