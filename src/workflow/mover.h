#pragma once
// One run of the transition function: takes a state through one event. Used by transition.cc alone. The events, the
// flow and the records are in mover.cc, what each kind of step does at its entry in mover_steps.cc, loops in
// mover_loop.cc, what waits for people in mover_people.cc, children in mover_child.cc.

#include <optional>
#include <string>

#include "workflow/transition.h"

namespace slipway::workflow {

class Mover {
 public:
  Mover(const Plan& plan, const Identity& identity, State state, const Event& event, const FoundDocuments& documents);
  Transition move();

 private:
  // Index of the step to enter next; nothing where a call or a wait stands in between.
  using Target = std::optional<int>;

  // --- what there is
  State& state() { return out_.state; }
  Position& at() { return out_.state.at; }
  const Step& step_at(int index) const { return plan_.steps[static_cast<std::size_t>(index)]; }
  const Step& step() const { return step_at(plan_.find_step(step_name(out_.state.at.step))); }
  bool cancelling() const { return out_.state.status == Status::cancelling; }
  // Asked for, and not yet under way.
  bool must_cancel() const { return out_.state.cancel && !out_.state.cancel->complete && !cancelling(); }
  bool must_complete() const { return out_.state.cancel && out_.state.cancel->complete; }
  bool chain_is_over() const { return cancelling() && now_ >= out_.state.cancel_limit; }
  bool is_for_this_call() const;
  std::string token() const;

  // --- events
  void start();
  void succeeded();
  void unsuccessful(Status outcome);
  void timer();
  void cancel();
  void resume();
  void child_ended();
  void signal();

  // --- flow
  // Enters `target` and what follows it, until something must be waited for.
  void advance(Target target);
  Target enter(int index);
  std::string path_of(int index) const;
  // Records the step's outcome and says what comes next: 1.8 of the contract.
  int settle(Status outcome, const std::optional<base::Error>& error = {}, Target chosen = {});
  // An attempt ended without success: another one, or the step's outcome.
  Target attempt_over(Status outcome, const base::Error& error);
  Status final_status() const;
  void end(Status status);
  void leave_step();
  void remember_failure(const Step& settled, Status outcome, const std::optional<base::Error>& error);

  // --- steps
  Target branch(const Step& entered);
  Target sleep(const Step& entered);
  Target act(const Step& entered, boost::json::value inputs);
  Target update_variable(const boost::json::object& inputs);
  void begin_attempt(boost::json::value inputs);
  void call(boost::json::value inputs);
  void call_again();
  void hold(const base::Error& error);
  // Keeps what the step gives. Errors: invalid, OutputTooLarge or OutputTypeMismatch.
  base::Result<void> keep_outputs(const boost::json::object& answer);

  // --- loops
  Target begin_loop(const Step& entered, const boost::json::object& inputs);
  int next_iteration();
  int iteration_over();
  int after_body_step(const Step& settled, Status outcome, const std::optional<base::Error>& error, Target chosen);
  void stand_at_loop();

  // --- people
  Target pause(const Step& entered);
  Target approve(const Step& entered, const boost::json::object& inputs);
  void decide(bool approved);
  void answer_held();
  void refuse(base::Error error) { out_.refusal = std::move(error); }
  std::string waits_for() const;

  // --- children
  Target begin_child(const boost::json::value& inputs);
  base::Result<ChildStart> child_start(const boost::json::object& inputs);
  void stop_child();

  // --- waiting
  // `reason`: what the journal tells beside the time.
  void wait_for(Waiting what, base::Time until);
  void wait();
  void stop_waiting();
  base::Result<base::Time> sleep_end();

  // --- values
  Scope scope() const;
  // `notes`: gets a sentence for each text that had to be mended (json_text.h).
  base::Result<boost::json::value> inputs_of(const Step& entered, std::vector<std::string>* notes = nullptr) const;
  boost::json::value shown_inputs(const Step& entered, const base::Result<boost::json::value>& inputs) const;
  base::Result<std::chrono::seconds> timeout_of(const Step& timed) const;
  // Sets the step's deadline; the epoch where it has no time-out.
  base::Result<void> set_deadline(const Step& timed);

  // --- records
  // What is written for people goes through here: State::secrets stand in none of it, wherever they have wandered.
  template <class T>
  auto told(T value) const {
    return hide(std::move(value), out_.state.secrets);
  }
  void record(std::string kind, boost::json::object payload);
  boost::json::object success_payload(Status outcome);
  // `inputs` with an intent: the store keeps their hash from then on.
  void record_effect(std::string effect_state, const base::Error* error = nullptr,
                     const boost::json::value* inputs = nullptr);

  const Plan& plan_;
  const Identity& identity_;
  const Event& event_;
  const FoundDocuments& documents_;
  const base::Time now_;
  Transition out_;
  std::optional<Status> aborted_;
};

// The error as the step's own: with its path, and a code.
base::Error of_step(base::Error error, const std::string& step);

}  // namespace slipway::workflow
