#pragma once
// What a step of an automation document does. Actions are registered by name in one registry that the composition root
// fills; the engine knows no other way to have an effect. Knows no provider.

#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "net/task.h"

namespace slipway::workflow {

// What may be done about a call whose outcome a crash hid (automation-documents.md, 2.8).
enum class EffectClass {
  read,     // repeat
  natural,  // repeating reaches the same state: repeat
  name,     // the caller chose a unique name: look it up, adopt, or do it
  token,    // repeat with the same token
  unsafe,   // repeating does it twice: hold, unless the document allows a retry
  local,    // inside the broker, committed with the step
};
std::string_view to_string(EffectClass effect);  // "natural"

// What an action sees of its execution. Everything that identifies the effect is the same after a crash.
struct StepContext {
  base::ExecutionId execution_id;
  base::EnvironmentId environment_id;
  std::string environment_name;
  std::string step;   // step path
  int attempt = 1;    // counts from 1
  std::string token;  // deterministic UUID-shaped token of this effect; not dependent on the attempt
  base::Time deadline;
  std::string correlation_id;
  // Shows a line of progress for this step to whoever follows the environment; not durable.
  std::function<void(std::string)> progress;
};

class Action {
 public:
  virtual ~Action() = default;
  // `inputs`: as the document writes them, since the class of a call may follow from the operation that it names.
  virtual EffectClass effect_class(const boost::json::object& inputs) const = 0;
  // Names the inputs that must be there and may be there; load-time checks use it.
  struct Inputs {
    std::vector<std::string_view> required;
    std::vector<std::string_view> optional;
    bool any = false;  // whatever else there is belongs to the call
  };
  virtual Inputs inputs() const = 0;
  // What is wrong with literal inputs, beyond their names; a load refuses the document for it.
  struct InputProblem {
    std::string code;   // "E-RUNTIME"
    std::string input;  // the input that is to blame; empty: all of them
    std::string message;
  };
  virtual std::vector<InputProblem> check(const boost::json::object& inputs) const = 0;
  // Why this broker cannot do it, though the document is in order: half a sentence, such as "scripts are off"; empty
  // where it can. A launch whose documents hold such a step is refused before it begins (check_runnable).
  virtual std::string refusal(const boost::json::object& inputs) const = 0;
  // Predefined outputs that documents may refer to as {{ step.Name }}.
  virtual std::vector<std::string_view> outputs() const = 0;
  // True where a document may declare outputs {Name, Selector, Type} of its own: run() then gives the whole answer, of
  // which only what is selected is kept.
  virtual bool selects_outputs() const = 0;
  // How long one attempt may take where the document does not say; more than nothing.
  virtual std::chrono::seconds default_timeout() const = 0;
  // Does it, and returns the outputs by name. Called with the intent already durable; called again with equal `inputs`
  // and token after a crash, or for the next attempt: it adopts what an earlier call began. The task is cancelled at
  // the deadline and when the execution is cancelled; it must leave nothing half done that a repeat would not mend.
  virtual net::Task<boost::json::object> run(StepContext context, boost::json::object inputs) = 0;
};

// An action that is in need of nothing special. What stands in front of other actions is none: nothing of theirs may be
// forgotten.
class PlainAction : public Action {
 public:
  std::vector<InputProblem> check(const boost::json::object& /*inputs*/) const override { return {}; }
  std::string refusal(const boost::json::object& /*inputs*/) const override { return {}; }
  bool selects_outputs() const override { return false; }
  std::chrono::seconds default_timeout() const override { return std::chrono::hours(1); }
};

class ActionRegistry {
 public:
  // A second action of one name is a bug and throws.
  void add(std::string name, std::unique_ptr<Action> action);
  Action* find(std::string_view name) const;  // null where there is none
  std::vector<std::string> names() const;

 private:
  std::map<std::string, std::unique_ptr<Action>, std::less<>> actions_;
};

}  // namespace slipway::workflow
