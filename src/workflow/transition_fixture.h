#pragma once
// For tests of the transition function over documents as they are written: fed with events in a plain loop. Included by
// tests only.

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "workflow/document_fixture.h"
#include "workflow/token.h"
#include "workflow/transition.h"

namespace slipway::workflow {

inline const base::Time kNoon(std::chrono::milliseconds(1'700'000'000'000));

// Feeds events to the transition function as the engine would, and keeps what it said.
class Driver {
 public:
  using Kind = Event::Kind;

  explicit Driver(std::string_view document, boost::json::object parameters = {}) : plan_(plan_of(document)) {
    identity_.installation_id = "installation";
    identity_.execution_id = base::ExecutionId("01890000-0000-7000-8000-000000000001");
    state.parameters = std::move(parameters);
  }

  const Command& feed(Event event) {
    event.now = now;
    last = transition(*plan_, identity_, state, event);
    state = last.state;
    for (const auto& row : last.journal) journal.push_back(row.kind + " " + row.step);
    return last.command;
  }
  const Command& feed(Kind kind) {
    Event event;
    event.kind = kind;
    return feed(std::move(event));
  }
  Event answer(Kind kind) const {
    Event event;
    event.kind = kind;
    event.of = {state.at.step, state.at.visit, state.at.attempt};
    return event;
  }
  const Command& succeed(boost::json::object outputs = {}) {
    auto event = answer(Kind::succeeded);
    event.outputs = std::move(outputs);
    return feed(std::move(event));
  }
  const Command& fail(base::ErrorKind kind = base::ErrorKind::internal, std::string message = "it broke") {
    auto event = answer(Kind::failed);
    event.error.kind = kind;
    event.error.code = "Broken";
    event.error.message = std::move(message);
    event.error.evidence = {"last line"};
    return feed(std::move(event));
  }
  const Command& time_out() {
    auto event = answer(Kind::timed_out);
    event.error = base::timed_out("too slow");
    return feed(std::move(event));
  }
  // Lets the clock reach what is waited for.
  const Command& wake() {
    now = std::max(now, state.wake_at);
    return feed(Kind::timer);
  }

  std::string token(int visit = 1, int generation = 0) const {
    return effect_token("installation", identity_.execution_id, state.at.step, visit, generation);
  }
  Status status() const { return state.status; }

  State state;
  Transition last;
  std::vector<std::string> journal;
  base::Time now = kNoon;

 private:
  std::shared_ptr<const Plan> plan_;
  Identity identity_;
};

// A document of these steps.
inline std::string document(std::string_view steps) {
  return "schemaVersion: '0.3'\nmainSteps:\n" + std::string(steps);
}
// A step of such a document; `more`: its fields beside name and action, as in "maxAttempts: 2, isEnd: true".
inline std::string step(std::string_view name, std::string_view more = "", std::string_view action = "local:do") {
  return fmt::format("  - {{name: {}, action: '{}'{}{}}}\n", name, action, more.empty() ? "" : ", ", more);
}

}  // namespace slipway::workflow
