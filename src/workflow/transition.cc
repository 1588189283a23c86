#include "workflow/transition.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <stdexcept>

#include "workflow/journal.h"
#include "workflow/parameters.h"
#include "workflow/sleep.h"
#include "workflow/token.h"

namespace slipway::workflow {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto kCancelChainLimit = 120s;
constexpr std::size_t kOutputsLimitBytes = 256 * 1024;

// What is known of a call that did not succeed.
bool surely_without_effect(const base::Error& error) {
  switch (error.kind) {
    case base::ErrorKind::invalid:
    case base::ErrorKind::unauthenticated:
    case base::ErrorKind::forbidden:
    case base::ErrorKind::not_found:
    case base::ErrorKind::conflict:
    case base::ErrorKind::throttled:
      return true;
    case base::ErrorKind::unavailable:
    case base::ErrorKind::timed_out:
    case base::ErrorKind::internal:
      return false;
  }
}

bool leaves_a_record(EffectClass effect) {
  return effect != EffectClass::read && effect != EffectClass::local;
}

// A random time in [0, min(30 s, 1 s * 2^n)] before attempt n+1, the same for the same token.
std::chrono::milliseconds retry_delay(const std::string& token, int failed_attempt) {
  const auto most = std::min<double>(30'000, 1'000.0 * (1 << std::min(failed_attempt, 5)));
  return std::chrono::milliseconds(static_cast<std::int64_t>(most * jitter(token, failed_attempt)));
}

base::Error unset_or_wrong(base::Error error, const std::string& step) {
  error.message = fmt::format("step {}: {}", step, error.message);
  if (error.code.empty()) error.code = "InvalidInput";
  return error;
}

class Mover {
 public:
  Mover(const Plan& plan, const Identity& identity, State state, const Event& event)
      : plan_(plan), identity_(identity), event_(event), now_(event.now) {
    out_.state = std::move(state);
  }

  Transition move() {
    if (state().ended()) return std::move(out_);
    if (event_.kind == Event::Kind::cancel && !state().cancel) state().cancel = CancelRequest{now_, event_.by};
    switch (event_.kind) {
      case Event::Kind::start:
        start();
        break;
      case Event::Kind::succeeded:
        succeeded();
        break;
      case Event::Kind::failed:
        unsuccessful(Status::failed);
        break;
      case Event::Kind::timed_out:
        unsuccessful(Status::timed_out);
        break;
      case Event::Kind::timer:
        timer();
        break;
      case Event::Kind::cancel:
        cancel();
        break;
      case Event::Kind::resume:
        resume();
        break;
    }
    return std::move(out_);
  }

 private:
  State& state() { return out_.state; }
  Position& at() { return out_.state.at; }
  const Step& step() const { return plan_.steps[static_cast<std::size_t>(plan_.find_step(out_.state.at.step))]; }
  bool cancelling() const { return out_.state.status == Status::cancelling; }
  // Asked for, and not yet under way.
  bool must_cancel() const { return out_.state.cancel && !cancelling(); }
  bool chain_is_over() const { return cancelling() && now_ >= out_.state.cancel_limit; }
  bool is_for_this_call() const {
    const auto& position = out_.state.at;
    return out_.state.in_flight() && event_.of.step == position.step && event_.of.visit == position.visit &&
           event_.of.attempt == position.attempt;
  }

  // --- events

  void start() {
    if (state().status != Status::pending) return;
    if (state().cancel) return end(Status::cancelled);
    state().status = Status::in_progress;
    advance(0);
  }

  void succeeded() {
    if (!is_for_this_call()) return;
    if (json::serialize(event_.outputs).size() > kOutputsLimitBytes) {
      auto error =
          base::invalid(fmt::format("the outputs of step {} are longer than {} bytes", at().step, kOutputsLimitBytes));
      error.code = "OutputTooLarge";
      record_effect("known_ok");
      return advance(settle(Status::failed, error));
    }
    record_effect("known_ok");
    if (!event_.outputs.empty()) {
      state().outputs[at().step] = event_.outputs;
      out_.values_changed = true;
    }
    advance(settle(Status::success));
  }

  void unsuccessful(Status outcome) {
    if (is_for_this_call()) advance(attempt_over(outcome, event_.error));
  }

  void timer() {
    if (state().waiting == Waiting::nothing || state().wake_at == base::Time{}) return;
    if (now_ < state().wake_at) return wait();
    const auto waited = std::exchange(state().waiting, Waiting::nothing);
    state().wake_at = {};
    if (!cancelling()) state().status = Status::in_progress;
    if (must_cancel()) return advance(settle(Status::cancelled));
    if (chain_is_over()) return end(Status::cancelled);
    if (waited == Waiting::retry) {
      ++at().attempt;
      return begin_attempt();
    }
    const auto until = sleep_end();
    const bool late = at().deadline != base::Time{} && until && at().deadline < *until;
    advance(late ? settle(Status::timed_out, base::timed_out(fmt::format("step {} timed out", at().step)))
                 : settle(Status::success));
  }

  void cancel() {
    if (cancelling()) return;
    if (state().status == Status::pending) return end(Status::cancelled);
    if (state().in_flight()) record_effect("ambiguous");  // the call may have done its work before it was told to stop
    state().waiting = Waiting::nothing;
    state().wake_at = {};
    advance(settle(Status::cancelled));
  }

  void resume() {
    if (state().status == Status::pending) return start();
    if (must_cancel()) return cancel();
    if (state().waiting != Waiting::nothing) return wait();
    record("Takeover", {});
    if (now_ >= at().deadline) {
      return advance(
          attempt_over(Status::timed_out,
                       base::timed_out(fmt::format(
                           "step {} did not end before its deadline; the broker was down meanwhile", at().step))));
    }
    if (step().effect != EffectClass::unsafe) return call();
    // Nobody knows whether the call was made. The author allowed a second one by allowing a second attempt.
    auto error = base::internal(
        fmt::format("the broker ended during step {}, and whether {} happened is unknown", at().step, step().action));
    error.code = "UnknownOutcome";
    if (at().attempt < step().max_attempts) return advance(attempt_over(Status::failed, error));
    hold(error);
  }

  // --- steps

  // Enters `target` and what follows it, until something must be waited for.
  void advance(std::optional<int> target) {
    while (target) {
      if (*target == kEnd || chain_is_over()) return end(final_status());
      target = enter(*target);
    }
  }

  // The step to enter next, or nothing where a call or a wait stands in between.
  std::optional<int> enter(int index) {
    const auto& entered = plan_.steps[static_cast<std::size_t>(index)];
    auto& record_of_step = state().steps[entered.name];
    record_of_step = {record_of_step.visit + 1, Status::in_progress};
    at() = {.step = entered.name, .visit = record_of_step.visit, .attempt = 1, .entered_at = now_};
    record("Entered", {{"action", entered.action}, {"inputs", shown_inputs(entered)}});
    switch (entered.kind) {
      case Step::Kind::branch:
        return branch(entered);
      case Step::Kind::sleep:
        return sleep(entered);
      case Step::Kind::action:
        return act(entered);
      case Step::Kind::loop:
      case Step::Kind::pause:
      case Step::Kind::approve:
      case Step::Kind::child:
      case Step::Kind::update_variable:
        throw std::logic_error("the loader makes no such step yet");
    }
  }

  std::optional<int> branch(const Step& entered) {
    for (const auto& choice : entered.choices) {
      const auto holds = evaluate(choice.condition, scope());
      if (!holds) return settle(Status::failed, unset_or_wrong(holds.error(), entered.name));
      if (*holds) return settle(Status::success, {}, choice.next);
    }
    return settle(Status::success);
  }

  std::optional<int> sleep(const Step& entered) {
    const auto until = sleep_end();
    if (!until) return settle(Status::failed, unset_or_wrong(until.error(), entered.name));
    const auto timeout = timeout_of(entered);
    if (!timeout) return settle(Status::failed, unset_or_wrong(timeout.error(), entered.name));
    if (*until <= now_) return settle(Status::success);
    at().deadline = timeout->count() == 0 ? base::Time{} : now_ + *timeout;
    record("Waiting", {{"until", until->time_since_epoch().count()}});
    wait_for(Waiting::sleep, at().deadline == base::Time{} ? *until : std::min(*until, at().deadline));
    return std::nullopt;
  }

  std::optional<int> act(const Step& entered) {
    const auto inputs = resolve(entered.inputs, scope(), "inputs");
    if (!inputs) return settle(Status::failed, unset_or_wrong(inputs.error(), entered.name));
    const auto timeout = timeout_of(entered);
    if (!timeout) return settle(Status::failed, unset_or_wrong(timeout.error(), entered.name));
    begin_attempt();
    return std::nullopt;
  }

  void begin_attempt() {
    if (at().attempt > 1) record("Sent", {});
    at().deadline = now_ + *timeout_of(step());
    if (cancelling()) at().deadline = std::min(at().deadline, state().cancel_limit);
    call();
  }

  void call() {
    const auto& called = step();
    if (at().sends++ == 0) at().first_sent = now_;
    auto inputs = *resolve(called.inputs, scope(), "inputs");
    record_effect("intent", nullptr, &inputs);
    out_.command = {.kind = Command::Kind::call,
                    .step = &called,
                    .token = token(),
                    .inputs = std::move(inputs.as_object()),
                    .wake_at = {}};
  }

  // An attempt ended without success: another one, or the step's outcome.
  std::optional<int> attempt_over(Status outcome, const base::Error& error) {
    const bool known = outcome == Status::failed && surely_without_effect(error);
    record_effect(known ? "known_failed" : "ambiguous", &error);
    const bool again = at().attempt < step().max_attempts && error.kind != base::ErrorKind::invalid;
    if (!again || must_cancel() || chain_is_over()) return settle(outcome, error);
    const auto delay = retry_delay(token(), at().attempt);
    record("Retry", outcome_payload(outcome, error));
    // A new token only where the provider would answer the old one with the failure it remembers.
    if (known && step().effect == EffectClass::token) {
      ++at().generation;
      at().sends = 0;
    }
    wait_for(Waiting::retry, now_ + delay);
    return std::nullopt;
  }

  void hold(const base::Error& error) {
    record_effect("held", &error);
    record("Waiting", outcome_payload(Status::waiting, error));
    wait_for(Waiting::unknown_outcome, cancelling() ? state().cancel_limit : base::Time{});
  }

  // Records the step's outcome and says what comes next: 1.8 of the contract.
  int settle(Status outcome, const std::optional<base::Error>& error = {}, std::optional<int> chosen = {}) {
    const auto& settled = step();
    state().steps[settled.name].status = outcome;
    const bool bad = outcome == Status::failed || outcome == Status::timed_out;
    record("Outcome", error ? outcome_payload(outcome, *error) : success_payload(outcome));
    const bool aborts = bad && settled.on_failure == Step::OnFailure::abort;
    if (bad && error && !state().failure && (settled.critical || aborts)) {
      state().failure = Failure{settled.name, error->code, error->message, error->evidence};
    }
    if (must_cancel()) {
      state().status = Status::cancelling;
      state().cancel_limit = now_ + kCancelChainLimit;
      return settled.cancel_next;
    }
    if (aborts) aborted_ = outcome;
    if (aborts) return kEnd;
    if (bad && settled.on_failure == Step::OnFailure::jump) return settled.failure_next;
    return chosen.value_or(settled.next);
  }

  Status final_status() const {
    if (cancelling()) return Status::cancelled;
    if (aborted_) return *aborted_;
    for (const auto status : {Status::failed, Status::timed_out}) {
      const bool any = std::ranges::any_of(out_.state.steps, [&](const auto& entry) {
        return entry.second.status == status &&
               plan_.steps[static_cast<std::size_t>(plan_.find_step(entry.first))].critical;
      });
      if (any) return status;
    }
    return Status::success;
  }

  void end(Status status) {
    state().status = status;
    state().waiting = Waiting::nothing;
    state().wake_at = {};
    record("Ended", {{"status", to_string(status)}});
    out_.command.kind = Command::Kind::end;
  }

  // --- waiting

  void wait_for(Waiting what, base::Time until) {
    state().waiting = what;
    if (cancelling() && until != base::Time{}) until = std::min(until, state().cancel_limit);
    state().wake_at = until;
    if (!cancelling()) state().status = Status::waiting;
    wait();
  }

  void wait() {
    out_.command.kind = Command::Kind::wait;
    out_.command.wake_at = state().wake_at;
  }

  base::Result<base::Time> sleep_end() {
    const auto inputs = TRY(resolve(step().inputs, scope(), "inputs"));
    return sleep_until(inputs.as_object(), at().entered_at);
  }

  // --- values

  // Inputs are always resolved as of step entry: nothing else they depend on changes while the step lasts, so that
  // every attempt, also one after a crash, gets the same ones without their being stored.
  Scope scope() const { return {identity_, out_.state.at.entered_at, &out_.state.parameters, &out_.state.outputs}; }

  json::value shown_inputs(const Step& entered) const {
    if (entered.kind == Step::Kind::branch) return json::object{};
    const bool secrets = std::ranges::any_of(plan_.parameters, &Parameter::sensitive);
    const auto masked = secrets ? mask_parameters(plan_, out_.state.parameters) : json::object{};
    auto shown = scope();
    if (secrets) shown.parameters = &masked;
    auto inputs = resolve(entered.inputs, shown, "inputs");
    return inputs ? clipped(std::move(*inputs)) : json::value(entered.inputs);
  }

  base::Result<std::chrono::seconds> timeout_of(const Step& timed) const {
    if (timed.timeout.is_null()) return timed.default_timeout;
    const auto value = TRY(resolve(timed.timeout, scope(), "timeoutSeconds"));
    std::int64_t seconds = value.is_int64() ? value.get_int64() : 0;
    if (value.is_string()) {
      const auto& text = value.get_string();
      std::from_chars(text.data(), text.data() + text.size(), seconds);
    }
    if (seconds <= 0 || seconds > 366LL * 24 * 3600) {
      return base::invalid(fmt::format("timeoutSeconds {} is not a number of seconds", to_text(value)));
    }
    return std::chrono::seconds(seconds);
  }

  // --- records

  std::string token() const {
    const auto& position = out_.state.at;
    return effect_token(identity_.installation_id, identity_.execution_id, position.step, position.visit,
                        position.generation);
  }

  void record(std::string kind, json::object payload) {
    const auto& position = out_.state.at;
    storage::JournalRow row;
    row.step = position.step;
    row.visit = position.visit;
    row.attempt = position.attempt;
    row.kind = std::move(kind);
    row.at = now_;
    row.payload = json::serialize(payload);
    out_.journal.push_back(std::move(row));
  }

  json::object success_payload(Status outcome) {
    json::object payload{{"status", to_string(outcome)}};
    const auto* outputs = state().outputs.if_contains(at().step);
    if (outputs != nullptr) payload["outputs"] = clipped(*outputs);
    return payload;
  }

  // `inputs` with an intent: the store keeps their hash from then on.
  void record_effect(std::string effect_state, const base::Error* error = nullptr,
                     const json::value* inputs = nullptr) {
    const auto& called = step();
    if (!leaves_a_record(called.effect)) return;
    storage::EffectRow row;
    row.step = at().step;
    row.visit = at().visit;
    row.generation = at().generation;
    row.token = token();
    row.action = called.action;
    row.effect_class = to_string(called.effect);
    if (inputs != nullptr) row.request_hash = base::sha256_hex(json::serialize(*inputs));
    row.state = std::move(effect_state);
    row.sends = at().sends;
    row.first_sent = at().first_sent;
    row.last_sent = now_;
    if (error != nullptr) {
      row.outcome = json::serialize(json::object{{"code", error->code}, {"message", error->message}});
    }
    out_.effects.push_back(std::move(row));
  }

  const Plan& plan_;
  const Identity& identity_;
  const Event& event_;
  const base::Time now_;
  Transition out_;
  std::optional<Status> aborted_;
};

}  // namespace

Transition transition(const Plan& plan, const Identity& identity, State state, const Event& event) {
  return Mover(plan, identity, std::move(state), event).move();
}

json::object document_outputs(const Plan& plan, const State& state) {
  json::object values;
  const Identity nobody;
  const Scope scope{nobody, {}, &state.parameters, &state.outputs};
  for (const auto& output : plan.outputs) {
    if (auto value = look_up(output.from, scope)) values[output.name] = std::move(*value);
  }
  return values;
}

}  // namespace slipway::workflow
