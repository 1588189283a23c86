#pragma once
// What became of an execution, told from its journal: for `slipway why` and the operator API, also after everything
// else is gone. Free of secrets. Reads only.

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "storage/database.h"

namespace slipway::workflow {

// Why something did not succeed; empty where it did.
struct Reason {
  std::string code;
  std::string message;
  std::vector<std::string> evidence;  // last lines of the failing command
};

struct AttemptHistory {
  int number = 0;  // counts from 1
  base::Time ended_at{};
  std::string status;  // Failed or TimedOut
  Reason reason;
};

// What somebody said to an execution that waited.
struct SignalHistory {
  std::string signal;  // "approve"
  std::string by;
  std::string comment;
  std::string step;
  base::Time at{};
};

struct StepHistory {
  std::string step;  // path: of a step in a loop "Loop[3]/Check"
  std::string action;
  int visit = 1;
  int attempts = 1;
  std::string status;  // InProgress or Waiting where it has not ended
  base::Time entered_at{};
  std::optional<base::Time> ended_at;
  boost::json::object inputs;  // as given to the action; secrets masked, long texts cut
  boost::json::value outputs;  // null where there are none
  Reason reason;
  std::vector<AttemptHistory> failed_attempts;  // those that were followed by another
  int restarts = 0;                             // how often the broker ended while it ran
  std::string effect;                           // state of its effect: intent, known_ok, known_failed, ambiguous, held
  std::string token;
  std::string waits_for;           // sleep, pause, approval, child, decision (it is held); empty where for none of them
  std::string child;               // the execution that it started
  std::vector<std::string> notes;  // such as that a loop ended before its condition did
};

struct ExecutionHistory {
  base::ExecutionId id;
  base::EnvironmentId environment_id;
  std::string kind;
  std::string document;
  std::int64_t document_version = 0;
  std::string status;
  std::string by;  // who asked for it
  std::string correlation_id;
  std::string parent_id;           // the execution that started it; else empty
  std::string retry_of;            // the ended one that it does again; else empty
  boost::json::object parameters;  // secrets masked
  boost::json::object variables;   // as they are now; secrets masked
  base::Time created_at{};
  std::optional<base::Time> started_at;  // between created and started it was queued
  std::optional<base::Time> ended_at;
  std::optional<base::Time> cancelled_at;
  std::string cancelled_by;
  bool completing = false;  // the cancellation lets the current step finish
  std::string failed_step;  // the first that decided the end; empty where none did
  Reason reason;
  std::vector<StepHistory> steps;  // in the order of entry
  std::vector<SignalHistory> signals;
};

// Errors: not_found.
base::Result<ExecutionHistory> history_of(storage::Connection& connection, const base::ExecutionId& id);
// Newest first.
base::Result<std::vector<ExecutionHistory>> histories_of(storage::Connection& connection,
                                                         const base::EnvironmentId& environment, int limit);

}  // namespace slipway::workflow
