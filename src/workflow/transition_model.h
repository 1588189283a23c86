#pragma once
// What must become of a generated history: a plain loop over the document, without events, time or storage. Included by
// tests only.

#include <fmt/format.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "workflow/state.h"
#include "workflow/transition_history.h"

namespace slipway::workflow {

struct Expected {
  std::vector<std::string> stops;  // "S0[2]/S4#1 call 0 a": path, attempt, what for; of a call its token and its text
  Status status = Status::success;
  bool over = true;                 // false: it waits for a person for ever
  std::optional<std::string> seen;  // the variable
};

class Model {
 public:
  explicit Model(const History& history) : history_(history) {}

  Expected run() {
    aborted_ = run_list(history_.first);
    if (expected_.over) expected_.status = final_status();
    return std::move(expected_);
  }

 private:
  // How an attempt or a step ends; nothing where the execution ends or waits for ever within it.
  using Outcome = std::optional<Status>;
  static bool bad(Status outcome) { return outcome == Status::failed || outcome == Status::timed_out; }

  const Step& step(int index) const { return history_.plan.steps[static_cast<std::size_t>(index)]; }

  // --- flow

  // From `index` to the end of its list. The outcome of the step that aborted it, if any.
  Outcome run_list(int index) {
    while (index != kEnd && !done_) {
      if (complete_ && !cancelled_) return finish();
      const auto& current = step(index);
      chosen_.reset();
      const auto outcome = run_step(current, index);
      if (!outcome) return std::nullopt;
      outcomes_.emplace_back(&current, *outcome);
      if (cancel_now_) {
        cancel_now_ = false;
        cancelled_ = true;
        index = current.cancel_next;
        continue;
      }
      if (bad(*outcome) && current.on_failure == Step::OnFailure::abort) return outcome;
      const bool jumps = bad(*outcome) && current.on_failure == Step::OnFailure::jump;
      index = jumps ? current.failure_next : chosen_.value_or(current.next);
    }
    return std::nullopt;
  }

  Outcome run_step(const Step& current, int index) {
    path_ = prefix_ + current.name;
    switch (current.kind) {
      case Step::Kind::action:
        return attempts(current);
      case Step::Kind::branch:
        for (const auto& choice : current.choices) {
          if (!chosen_ && holds(choice.condition)) chosen_ = choice.next;
        }
        return Status::success;
      case Step::Kind::sleep:
        if (current.inputs.at("Duration") == "PT0S") return Status::success;
        if (!stop(1, "sleep")) return Status::cancelled;
        return current.timeout.is_null() ? Status::success : Status::timed_out;
      case Step::Kind::loop:
        return loop(current, index);
      case Step::Kind::pause:
        if (!stop(1, "pause")) return Status::cancelled;
        return reply_of(draw()) == Reply::resume ? Status::success : nobody(!current.timeout.is_null());
      case Step::Kind::approve:
        return approve(current);
      case Step::Kind::child:
        return child(current);
      case Step::Kind::update_variable:
        return update(current);
    }
  }

  // A cancellation inside the body leaves the loop by the body's own handlers; a loop of the cancel chain is one like
  // any other.
  Outcome loop(const Step& current, int index) {
    const auto* items = current.inputs.if_contains("Iterators");
    const auto count = items == nullptr ? 0 : static_cast<int>(items->get_array().size());
    if (items != nullptr && count == 0) return Status::success;
    const bool in_chain = cancelled_;
    for (int iteration = 1;; ++iteration) {
      for (const auto& inside : history_.plan.steps) {
        if (inside.parent == index) outputs_.erase(inside.name);
      }
      outputs_[current.name] = std::to_string(iteration);
      if (items != nullptr) item_ = boost::json::value_to<std::string>(items->get_array()[iteration - 1u]);
      prefix_ = fmt::format("{}[{}]/", current.name, iteration);
      const auto aborted = run_list(current.body);
      prefix_.clear();
      if (done_) return std::nullopt;
      if (cancelled_ && !in_chain) return finish();
      if (aborted) {
        chosen_.reset();
        return aborted;
      }
      const bool more = items == nullptr ? holds(*current.loop_condition) : iteration < count;
      if (!more || iteration == current.max_iterations) break;
    }
    chosen_.reset();
    return Status::success;
  }

  Outcome finish() {
    done_ = true;
    cancelled_ = true;
    return std::nullopt;
  }

  // --- what is waited for

  // One stop. False: the execution is cancelled there.
  bool stop(int attempt, const std::string& what) {
    expected_.stops.push_back(fmt::format("{}#{} {}", path_, attempt, what));
    if (number() == history_.complete_at) complete_ = true;
    cancel_now_ = number() == history_.cancel_at && !cancelled_;
    return !cancel_now_;
  }
  int number() const { return static_cast<int>(expected_.stops.size()); }
  std::uint64_t draw() const { return history_.draw(number()); }

  // Nobody answers: the time-out, or the end of the cancel chain before it.
  Outcome nobody(bool times_out) {
    if (cancelled_) return finish();
    if (times_out) return Status::timed_out;
    done_ = true;
    expected_.over = false;
    return std::nullopt;
  }

  Outcome approve(const Step& current) {
    outputs_[current.name] = "Waiting";
    std::set<std::size_t> approved;
    while (stop(1, "approval")) {
      const auto word = word_of(draw(), current.inputs.at("Approvers").as_array().size());
      if (word.kind == Word::Kind::nobody) return nobody(true);
      if (word.kind == Word::Kind::reject) {
        outputs_[current.name] = "Rejected";
        return Status::failed;
      }
      approved.insert(word.person);
      if (static_cast<std::int64_t>(approved.size()) < current.inputs.at("MinRequiredApprovals").as_int64()) continue;
      outputs_[current.name] = "Approved";
      return Status::success;
    }
    return Status::cancelled;
  }

  Outcome child(const Step& current) {
    for (int attempt = 1;; ++attempt) {
      const auto outcome =
          current.inputs.at("DocumentName") == "inner" ? child_attempt(current, attempt) : Outcome(Status::failed);
      if (!outcome || !bad(*outcome) || attempt == current.max_attempts) return outcome;
      if (!stop(attempt, "retry")) return Status::cancelled;
    }
  }

  Outcome child_attempt(const Step& current, int attempt) {
    const bool asked = !stop(attempt, "child");
    const auto end = child_end_of(draw());
    if (!asked && !end.late) {
      outputs_[current.name] = to_string(end.status);
      return end.status == Status::success ? Status::success : Status::failed;
    }
    if (!asked && cancelled_) {  // the end of the chain does not end the wait
      stop(attempt, "end of child");
      return finish();
    }
    // Told to end, and waited for; a cancellation may come, or come too, meanwhile.
    const bool meanwhile = !stop(attempt, "end of child");
    if (meanwhile) stop(attempt, "end of child");
    cancel_now_ = asked || meanwhile;
    outputs_[current.name] = to_string(child_end_of(draw()).status);
    return cancel_now_ ? Status::cancelled : Status::timed_out;
  }

  // --- calls

  Outcome attempts(const Step& current) {
    const auto text = value_of(current.inputs.at("Text"));
    if (!text) return Status::failed;
    int generation = 0;
    doubt_ = false;
    for (int attempt = 1;; ++attempt) {
      bool again = true;
      const auto outcome = call(current, attempt, fmt::format("call {} {}", generation, *text), again, generation);
      if (!outcome || !bad(*outcome) || !again || attempt == current.max_attempts) return outcome;
      if (!stop(attempt, "retry")) return Status::cancelled;
    }
  }

  // One attempt. A call that a crash hid is made again, unless it is unsafe, or the broker ended in it for the sixth
  // time.
  Outcome call(const Step& current, int attempt, const std::string& what, bool& again, int& generation) {
    for (int crashes = 0;;) {
      if (!stop(attempt, what)) return Status::cancelled;
      const auto crash = history_.crash_at.find(number());
      if (crash == history_.crash_at.end()) return answered(current, again, generation);
      doubt_ = true;
      if (crash->second == History::Crash::beyond_the_deadline && !cancelled_) return Status::timed_out;
      const bool poison = ++crashes > 5;
      if (!poison && current.effect != EffectClass::unsafe) continue;
      if (!poison && attempt < current.max_attempts) return Status::failed;
      if (!stop(attempt, "unknown outcome")) return Status::cancelled;
      switch (verdict_of(draw())) {
        case Verdict::nobody:
          return nobody(false);
        case Verdict::retry:
          crashes = 0;
          continue;
        case Verdict::skip:
          return Status::success;
        case Verdict::adopt:
          outputs_[current.name] = "adopted";
          return Status::success;
        case Verdict::fail:
          again = false;
          return Status::failed;
      }
    }
  }

  Outcome answered(const Step& current, bool& again, int& generation) {
    switch (answer_of(draw())) {
      case Answer::success:
        outputs_[current.name] = std::to_string(number());
        return Status::success;
      case Answer::refusal:
        again = false;
        return Status::failed;
      case Answer::failure:
        doubt_ = true;
        return Status::failed;
      // A provider that remembers tokens would answer the old one with the old failure; but while an earlier call may
      // have had its effect, another token could have it twice.
      case Answer::busy:
        if (current.effect == EffectClass::token && !doubt_) ++generation;
        return Status::failed;
      case Answer::silence:
        doubt_ = true;
        return Status::timed_out;
    }
  }

  // --- values

  // "a", "{{ variable:Seen }}", "{{ S0.CurrentIteratorValue }}" or "v{{ S1.Id }}"; nothing where that has no value.
  std::optional<std::string> value_of(const boost::json::value& written) const {
    const auto text = boost::json::value_to<std::string>(written);
    const auto open = text.find("{{ ");
    if (open == std::string::npos) return text;
    const auto name = text.substr(open + 3, text.find(" }}") - open - 3);
    if (name == "variable:Seen") return expected_.seen;
    const auto loop = name.substr(0, name.find('.'));
    if (name.ends_with(".CurrentIteratorValue")) return iterates(loop) ? std::optional(item_) : std::nullopt;
    const auto output = outputs_.find(loop);
    return output == outputs_.end() ? std::nullopt : std::optional("v" + output->second);
  }

  bool iterates(const std::string& loop) const { return !step(history_.plan.find_step(loop)).loop_condition; }

  bool holds(const Condition& condition) const {
    if (condition.kind == Condition::Kind::none) return !holds(condition.children[0]);
    return value_of(condition.variable) == boost::json::value_to<std::string>(condition.constant);
  }

  Outcome update(const Step& current) {
    const auto& written = current.inputs.at("Value");
    const auto value = written.is_string() ? value_of(written) : std::nullopt;
    if (!value) return Status::failed;
    expected_.seen = value;
    return Status::success;
  }

  Status final_status() const {
    if (cancelled_) return Status::cancelled;
    if (aborted_) return *aborted_;
    for (const auto wanted : {Status::failed, Status::timed_out}) {
      for (const auto& [ended, outcome] : outcomes_) {
        if (outcome == wanted && ended->critical) return wanted;
      }
    }
    return Status::success;
  }

  const History& history_;
  Expected expected_;
  std::string prefix_;  // of the body's paths
  std::string path_;
  std::string item_;                            // CurrentIteratorValue
  bool doubt_ = false;                          // a call of this token may have had its effect
  std::map<std::string, std::string> outputs_;  // by step
  std::vector<std::pair<const Step*, Status>> outcomes_;
  std::optional<int> chosen_;  // by a branch
  bool cancel_now_ = false;
  bool cancelled_ = false;
  bool complete_ = false;
  bool done_ = false;
  Outcome aborted_;
};

}  // namespace slipway::workflow
