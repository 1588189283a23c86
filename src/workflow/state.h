#pragma once
// Where an execution stands: all that the transition function needs beside the plan, and all that survives a crash.
// Also how it is laid out in the row of storage/executions.h.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "storage/executions.h"
#include "storage/sealing.h"
#include "workflow/reference.h"
#include "workflow/secrets.h"

namespace slipway::workflow {

// Of an execution and of a step alike. Everything after `cancelling` is final.
enum class Status { pending, in_progress, waiting, cancelling, success, timed_out, cancelled, failed };
std::string_view to_string(Status status);  // "InProgress"
std::optional<Status> status_from(std::string_view text);
bool is_final(Status status);

// What an execution that is not running waits for.
enum class Waiting {
  nothing,
  sleep,
  retry,            // of the current step's action
  unknown_outcome,  // held: a crash hid whether an unsafe call was made, or the broker ended in it again and again;
                    // only a person can say
  pause,            // for a person
  approval,         // for persons
  child,            // for the end of State::child
};

struct Failure {
  std::string step;  // path
  std::string code;
  std::string message;
  std::vector<std::string> evidence;  // last lines of the failing command
};

// The step the execution is in.
struct Position {
  std::string step;  // path, of a step in a loop "Loop[3]/Check". Before the first: empty, or the one to begin with
  int visit = 0;
  int attempt = 0;
  int generation = 0;
  int sends = 0;          // calls of this visit and generation, repeats after crashes included
  int takeovers = 0;      // how often the broker ended during this attempt
  bool in_doubt = false;  // a call of this generation may have had its effect, and nobody knows
  base::Time entered_at{};
  base::Time deadline{};    // of the attempt
  base::Time first_sent{};  // of this generation
};

struct StepRecord {
  int visit = 0;
  Status status = Status::in_progress;
};

// The loop that the execution is in. Loops do not nest.
struct LoopPosition {
  std::string step;
  int visit = 1;
  int iteration = 0;  // counts from 1
  base::Time entered_at{};
  base::Time deadline{};  // the epoch: none
  bool leaving = false;   // a cancellation came within its body; a loop of the cancel chain is one like any other
};

struct CancelRequest {
  base::Time at{};
  std::string by;
  bool complete = false;  // the current step finishes, and no further one begins; else it is told to stop
};

struct State {
  Status status = Status::pending;
  Position at;
  Waiting waiting = Waiting::nothing;
  base::Time wake_at{};  // where it waits for the clock; else the epoch
  std::optional<CancelRequest> cancel;
  base::Time cancel_limit{};                // end of the cancel chain, with Status::cancelling
  std::map<std::string, StepRecord> steps;  // those entered so far
  std::optional<Failure> failure;           // the first that decides the end
  std::optional<Status> critical;  // failed before timed_out: how critical steps ended, those of loops included
  std::optional<LoopPosition> loop;
  std::string child;             // execution that is waited for, with Waiting::child
  bool child_cancelled = false;  // and was told to end
  boost::json::object parameters;
  boost::json::object variables;
  boost::json::object outputs;   // step -> output -> value
  boost::json::array iterators;  // what `loop` runs over, as it was at its entry
  Secrets secrets;               // of all these; those that a parent passed on included

  bool ended() const { return is_final(status); }
  // A call was begun and its answer is not recorded.
  bool in_flight() const {
    return (status == Status::in_progress || status == Status::cancelling) && waiting == Waiting::nothing;
  }
};

// Everything of one execution, as its row holds it.
struct Execution {
  storage::ExecutionRow row;  // the constant columns and the guard
  Identity identity;
  State state;
};

// The name of the step at the end of a path.
std::string_view step_name(std::string_view path);

// Errors: internal, a row that this version cannot read, or that was sealed with another key.
base::Result<Execution> read_row(storage::ExecutionRow row, const storage::Sealing& sealing = storage::no_sealing());
// The same without parameters, variables, outputs and the like, which may be sealed.
base::Result<State> read_progress(const storage::ExecutionRow& row);
// Lays `state` out in `row`'s columns; times started and ended are kept once set. `vals` only where `with_values`;
// sealed where there are secrets, for `row.id`.
void write_row(const State& state, const Identity& identity, base::Time now, bool with_values,
               storage::ExecutionRow& row, const storage::Sealing& sealing = storage::no_sealing());

}  // namespace slipway::workflow
