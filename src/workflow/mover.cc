#include "workflow/mover.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "workflow/journal.h"
#include "workflow/token.h"

namespace slipway::workflow {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto kCancelChainLimit = 120s;
// How often the broker may end in one attempt of a step before the step is suspected.
constexpr int kMostTakeovers = 5;

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

bool leaves_a_record(const Step& step) {
  return step.kind == Step::Kind::action && step.effect != EffectClass::read && step.effect != EffectClass::local;
}

// A random time in [0, min(30 s, 1 s * 2^n)] before attempt n+1, the same for the same token.
std::chrono::milliseconds retry_delay(const std::string& token, int failed_attempt) {
  const auto most = std::min<double>(30'000, 1'000.0 * (1 << std::min(failed_attempt, 5)));
  return std::chrono::milliseconds(static_cast<std::int64_t>(most * jitter(token, failed_attempt)));
}

bool is_bad(Status outcome) {
  return outcome == Status::failed || outcome == Status::timed_out;
}

}  // namespace

base::Error of_step(base::Error error, const std::string& step) {
  error.message = fmt::format("step {}: {}", step, error.message);
  if (error.code.empty()) error.code = "InvalidInput";
  return error;
}

Mover::Mover(const Plan& plan, const Identity& identity, State state, const Event& event,
             const FoundDocuments& documents)
    : plan_(plan), identity_(identity), event_(event), documents_(documents), now_(event.now) {
  out_.state = std::move(state);
}

Transition Mover::move() {
  if (state().ended()) {
    if (event_.kind == Event::Kind::signal) refuse(base::conflict(waits_for()));
    return std::move(out_);
  }
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
    case Event::Kind::child_ended:
      child_ended();
      break;
    case Event::Kind::signal:
      signal();
      break;
  }
  return std::move(out_);
}

bool Mover::is_for_this_call() const {
  const auto& position = out_.state.at;
  return out_.state.in_flight() && event_.of.step == position.step && event_.of.visit == position.visit &&
         event_.of.attempt == position.attempt;
}

std::string Mover::token() const {
  const auto& position = out_.state.at;
  return effect_token(identity_.installation_id, identity_.execution_id, position.step, position.visit,
                      position.generation);
}

// --- events

void Mover::start() {
  if (state().status != Status::pending) return;
  if (state().cancel) return end(Status::cancelled);
  state().status = Status::in_progress;
  advance(at().step.empty() ? 0 : plan_.find_step(at().step));
}

void Mover::succeeded() {
  if (!is_for_this_call()) return;
  record_effect("known_ok");
  const auto kept = keep_outputs(event_.outputs);
  advance(kept ? settle(Status::success) : settle(Status::failed, kept.error()));
}

void Mover::unsuccessful(Status outcome) {
  if (is_for_this_call()) advance(attempt_over(outcome, event_.error));
}

void Mover::timer() {
  if (state().waiting == Waiting::nothing || state().wake_at == base::Time{}) return;
  if (now_ < state().wake_at) return wait();
  if (state().waiting == Waiting::child) return stop_child();
  const auto waited = state().waiting;
  stop_waiting();
  if (must_cancel()) return advance(settle(Status::cancelled));
  if (chain_is_over()) {
    if (waited == Waiting::unknown_outcome) record_effect("ambiguous");
    return end(Status::cancelled);
  }
  if (waited == Waiting::retry) {
    ++at().attempt;
    if (step().kind == Step::Kind::child) return advance(begin_child(*inputs_of(step())));
    return begin_attempt(*inputs_of(step()));
  }
  const auto until = waited == Waiting::sleep ? sleep_end() : base::Result<base::Time>(base::Time::max());
  const bool late = at().deadline != base::Time{} && until && at().deadline < *until;
  advance(late ? settle(Status::timed_out, base::timed_out(fmt::format("step {} timed out", at().step)))
               : settle(Status::success));
}

void Mover::cancel() {
  if (cancelling()) return;
  if (state().status == Status::pending) return end(Status::cancelled);
  // To complete only: whatever goes on now finishes first.
  if (!must_cancel()) return state().waiting == Waiting::nothing ? void() : wait();
  if (state().waiting == Waiting::child) return stop_child();
  // The call may have done its work before it was told to stop; and nobody will say it of one that is held.
  if (state().in_flight() || state().waiting == Waiting::unknown_outcome) record_effect("ambiguous");
  state().waiting = Waiting::nothing;
  state().wake_at = {};
  advance(settle(Status::cancelled));
}

void Mover::resume() {
  if (state().status == Status::pending) return start();
  if (must_cancel()) return cancel();
  if (state().waiting != Waiting::nothing) return wait();
  record("Takeover", {});
  at().in_doubt = true;
  if (now_ >= at().deadline) {
    return advance(attempt_over(
        Status::timed_out, base::timed_out(fmt::format(
                               "step {} did not end before its deadline; the broker was down meanwhile", at().step))));
  }
  if (++at().takeovers > kMostTakeovers) {
    auto error = base::internal(
        fmt::format("the broker ended {} times during step {}, and the step is held: retry, skip, adopt or fail it",
                    at().takeovers, at().step));
    error.code = "BrokerEndedRepeatedly";
    return hold(error);
  }
  if (step().effect != EffectClass::unsafe) return call_again();
  // Nobody knows whether the call was made. The author allowed a second one by allowing a second attempt.
  auto error = base::internal(
      fmt::format("the broker ended during step {}, and whether {} happened is unknown", at().step, step().action));
  error.code = "UnknownOutcome";
  if (at().attempt < step().max_attempts) return advance(attempt_over(Status::failed, error));
  hold(error);
}

// --- flow

void Mover::advance(Target target) {
  while (target) {
    if (*target == kEnd || chain_is_over()) return end(final_status());
    if (must_complete() && !cancelling()) return end(Status::cancelled);
    target = enter(*target);
  }
}

std::string Mover::path_of(int index) const {
  const auto& named = step_at(index);
  if (named.parent == kEnd) return named.name;
  return fmt::format("{}[{}]/{}", out_.state.loop->step, out_.state.loop->iteration, named.name);
}

Mover::Target Mover::enter(int index) {
  const auto& entered = step_at(index);
  auto& record_of_step = state().steps[entered.name];
  record_of_step = {record_of_step.visit + 1, Status::in_progress};
  at() = {.step = path_of(index), .visit = record_of_step.visit, .attempt = 1, .entered_at = now_};
  std::vector<std::string> notes;
  auto inputs = inputs_of(entered, &notes);
  record("Entered", {{"action", entered.action}, {"inputs", shown_inputs(entered, inputs)}});
  for (const auto& note : notes) record("Note", {{"code", "W-ESC"}, {"message", note}});
  if (!inputs) return settle(Status::failed, of_step(inputs.error(), at().step));
  switch (entered.kind) {
    case Step::Kind::branch:
      return branch(entered);
    case Step::Kind::sleep:
      return sleep(entered);
    case Step::Kind::action:
      return act(entered, std::move(*inputs));
    case Step::Kind::loop:
      return begin_loop(entered, inputs->as_object());
    case Step::Kind::pause:
      return pause(entered);
    case Step::Kind::approve:
      return approve(entered, inputs->as_object());
    case Step::Kind::child:
      return begin_child(*inputs);
    case Step::Kind::update_variable:
      return update_variable(inputs->as_object());
  }
}

Mover::Target Mover::attempt_over(Status outcome, const base::Error& error) {
  // That this call did nothing says nothing of an earlier one with the same token.
  if (outcome != Status::failed || !surely_without_effect(error)) at().in_doubt = true;
  const bool known = !at().in_doubt;
  record_effect(known ? "known_failed" : "ambiguous", &error);
  const bool again = at().attempt < step().max_attempts && error.kind != base::ErrorKind::invalid;
  if (!again || must_cancel() || chain_is_over()) return settle(outcome, error);
  const auto delay = retry_delay(token(), at().attempt);
  record("Retry", outcome_payload(outcome, told(error)));
  // A new token only where the provider would answer the old one with the failure it remembers; and a child that has
  // ended stays ended.
  if ((known && step().effect == EffectClass::token) || step().kind == Step::Kind::child) {
    ++at().generation;
    at().sends = 0;
    at().in_doubt = false;
  }
  wait_for(Waiting::retry, now_ + delay);
  return std::nullopt;
}

int Mover::settle(Status outcome, const std::optional<base::Error>& error, Target chosen) {
  const auto& settled = step();
  state().steps[settled.name].status = outcome;
  record("Outcome", error ? outcome_payload(outcome, told(*error)) : success_payload(outcome));
  remember_failure(settled, outcome, error);
  if (settled.kind == Step::Kind::loop) {
    state().loop.reset();
    state().iterators.clear();
    out_.values_changed = true;
  }
  if (must_cancel()) {
    state().status = Status::cancelling;
    state().cancel_limit = now_ + kCancelChainLimit;
    if (state().loop) state().loop->leaving = true;
    return settled.cancel_next;
  }
  if (settled.parent != kEnd && !state().loop->leaving) return after_body_step(settled, outcome, error, chosen);
  if (is_bad(outcome) && settled.on_failure == Step::OnFailure::abort) {
    aborted_ = outcome;
    return kEnd;
  }
  if (is_bad(outcome) && settled.on_failure == Step::OnFailure::jump) return settled.failure_next;
  return chosen.value_or(settled.next);
}

void Mover::remember_failure(const Step& settled, Status outcome, const std::optional<base::Error>& error) {
  if (!is_bad(outcome)) return;
  const bool decides = settled.critical || settled.on_failure == Step::OnFailure::abort;
  if (error && !state().failure && decides) {
    auto reason = told(*error);
    state().failure = Failure{at().step, std::move(reason.code), std::move(reason.message), std::move(reason.evidence)};
  }
  if (settled.critical && state().critical != Status::failed) state().critical = outcome;
}

Status Mover::final_status() const {
  if (cancelling()) return Status::cancelled;
  if (aborted_) return *aborted_;
  if (out_.state.critical == Status::failed) return Status::failed;
  // Executions that an earlier release began have only the records of their steps.
  for (const auto status : {Status::failed, Status::timed_out}) {
    const bool any = std::ranges::any_of(out_.state.steps, [&](const auto& entry) {
      return entry.second.status == status && step_at(plan_.find_step(entry.first)).critical;
    });
    if (any) return status;
  }
  return out_.state.critical.value_or(Status::success);
}

void Mover::end(Status status) {
  leave_step();
  if (state().loop) {
    stand_at_loop();
    leave_step();
    state().loop.reset();
  }
  state().status = status;
  state().waiting = Waiting::nothing;
  state().wake_at = {};
  record("Ended", {{"status", to_string(status)}});
  out_.command.kind = Command::Kind::end;
}

// Only a cancellation ends an execution within a step or a loop.
void Mover::leave_step() {
  const auto left = state().steps.find(std::string(step_name(at().step)));
  if (left == state().steps.end() || is_final(left->second.status)) return;
  left->second.status = Status::cancelled;
  record("Outcome", success_payload(Status::cancelled));
}

// --- waiting

void Mover::wait_for(Waiting what, base::Time until) {
  state().waiting = what;
  if (cancelling()) until = until == base::Time{} ? state().cancel_limit : std::min(until, state().cancel_limit);
  state().wake_at = until;
  if (!cancelling()) state().status = Status::waiting;
  wait();
}

void Mover::wait() {
  out_.command.kind = Command::Kind::wait;
  out_.command.wake_at = state().wake_at;
}

void Mover::stop_waiting() {
  state().waiting = Waiting::nothing;
  state().wake_at = {};
  if (!cancelling()) state().status = Status::in_progress;
}

// --- records

void Mover::record(std::string kind, json::object payload) {
  const auto& position = out_.state.at;
  storage::JournalRow row;
  row.step = position.step;
  row.visit = position.visit;
  row.attempt = position.attempt;
  row.kind = std::move(kind);
  row.at = now_;
  row.payload = json::serialize(told(json::value(std::move(payload))));
  out_.journal.push_back(std::move(row));
}

json::object Mover::success_payload(Status outcome) {
  json::object payload{{"status", to_string(outcome)}};
  const auto* outputs = state().outputs.if_contains(step_name(at().step));
  if (outputs != nullptr) payload["outputs"] = clipped(told(*outputs));
  return payload;
}

void Mover::record_effect(std::string effect_state, const base::Error* error, const json::value* inputs) {
  const auto& called = step();
  if (!leaves_a_record(called)) return;
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
    row.outcome = json::serialize(json::object{{"code", error->code}, {"message", told(error->message)}});
  }
  out_.effects.push_back(std::move(row));
}

}  // namespace slipway::workflow
