#pragma once
// Generated histories for transition_property_test.cc: a document and all that happens while it runs, each from one
// seed. Included by tests only.

#include <boost/json.hpp>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "workflow/plan.h"
#include "workflow/state.h"

namespace slipway::workflow {

// Wherever an execution stands still (a call, a sleep, a retry, a person, a child) is a stop. They are counted from 1,
// and what happens at one follows from its number.
struct History {
  enum class Crash { brief, beyond_the_deadline };

  std::uint64_t seed = 0;
  Plan plan;
  int first = 0;  // the step to begin with
  int cancel_at = 0;
  int complete_at = 0;  // 0: never
  std::map<int, Crash> crash_at;

  // What the world makes of a stop; each kind of stop reads it in its own way.
  std::uint64_t draw(int stop) const {
    auto mixed = (seed * 1'000 + static_cast<std::uint64_t>(stop)) * 0x9e3779b97f4a7c15;  // as splitmix64 does it
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }
};

// How a call is answered. Refusal: invalid, never repeated. Busy: known to have done nothing. Silence: a time-out.
enum class Answer { success, failure, refusal, busy, silence };
inline Answer answer_of(std::uint64_t draw) {
  constexpr Answer kAnswers[] = {Answer::failure, Answer::failure, Answer::refusal, Answer::busy, Answer::silence};
  return draw % 12 < 5 ? kAnswers[draw % 12] : Answer::success;
}

enum class Reply { nobody, resume };  // to a pause
inline Reply reply_of(std::uint64_t draw) {
  return draw % 4 == 0 ? Reply::nobody : Reply::resume;
}

struct Word {  // of one of the approvers
  enum class Kind { nobody, reject, approve };
  Kind kind;
  std::size_t person;
};
inline Word word_of(std::uint64_t draw, std::size_t people) {
  const auto kind = draw % 8 == 0 ? Word::Kind::nobody : draw % 8 == 1 ? Word::Kind::reject : Word::Kind::approve;
  return {kind, draw / 8 % people};
}

enum class Verdict { nobody, retry, skip, adopt, fail };  // on a held step
inline Verdict verdict_of(std::uint64_t draw) {
  return static_cast<Verdict>(draw % 5);
}

// How a child ends; `late`: not within the step's time.
struct ChildEnd {
  bool late;
  Status status;
};
inline ChildEnd child_end_of(std::uint64_t draw) {
  constexpr Status kEnds[] = {Status::success, Status::failed, Status::timed_out, Status::cancelled};
  return {draw % 8 == 0, draw % 8 < 4 ? kEnds[draw % 8] : Status::success};
}

inline constexpr std::string_view kPeople[] = {"ann", "bob", "eve"};

// The output that a step of this kind leaves; empty: none.
inline std::string_view output_of(Step::Kind kind) {
  switch (kind) {
    case Step::Kind::action:
      return "Id";
    case Step::Kind::approve:
      return "ApprovalStatus";
    case Step::Kind::child:
      return "Status";
    case Step::Kind::loop:
      return "CurrentIteration";
    default:
      return "";
  }
}

// Makes the document. Times are such that the model needs no clock: whatever goes on by itself takes less than the 120
// s of a cancel chain, and what nobody answers takes longer.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {
    history_.seed = seed;
    history_.plan.variables.push_back({.name = "Seen",
                                       .type = Type::string,
                                       .fallback = {},
                                       .allowed_values = {},
                                       .allowed_pattern = {},
                                       .bounds = {},
                                       .sensitive = false});
  }

  History make() {
    const int count = 1 + pick(5);
    for (int i = 0; i < count; ++i) add_step(i, count, kEnd);
    for (int i = 0; i < count; ++i) {
      if (steps()[static_cast<std::size_t>(i)].kind == Step::Kind::loop) add_body(i);
    }
    if (pick(7) == 0) history_.first = pick(count - 1);
    if (pick(3) == 0) history_.cancel_at = 1 + pick(7);
    if (pick(7) == 0) history_.complete_at = 1 + pick(7);
    // Now and then a broker that ends in one step again and again.
    const int storm = pick(15) == 0 ? 5 + pick(12) : 0;
    for (int stop = 1; stop <= storm; ++stop) history_.crash_at[stop] = History::Crash::brief;
    while (pick(1) == 0) {
      history_.crash_at[1 + pick(11)] = pick(5) == 0 ? History::Crash::beyond_the_deadline : History::Crash::brief;
    }
    return std::move(history_);
  }

 private:
  int pick(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }
  std::vector<Step>& steps() { return history_.plan.steps; }

  // Jumps go forward only, so there is no circle; `end` is behind the last step of the list.
  int later(int from, int end) {
    const int jump = from + 1 + pick(end - from - 1);
    return jump == end ? kEnd : jump;
  }

  void add_body(int loop) {
    const int first = static_cast<int>(steps().size());
    const int end = first + 1 + pick(2);
    steps()[static_cast<std::size_t>(loop)].body = first;
    for (int i = first; i < end; ++i) add_step(i, end, loop);
    auto& made = steps()[static_cast<std::size_t>(loop)];
    if (made.loop_condition) made.loop_condition = condition(kEnd);  // now of the body's outputs too
  }

  void add_step(int index, int end, int parent) {
    Step step;
    step.name = "S" + std::to_string(index);
    step.action = "aws:own";
    step.parent = parent;
    step.kind = kind(parent);
    step.next = pick(3) == 0 ? later(index, end) : (index + 1 < end ? index + 1 : kEnd);
    step.on_failure = static_cast<Step::OnFailure>(pick(2));
    if (step.on_failure == Step::OnFailure::jump) step.failure_next = later(index, end);
    if (step.failure_next == kEnd && step.on_failure == Step::OnFailure::jump) step.on_failure = Step::OnFailure::abort;
    if (pick(1) == 0) step.cancel_next = later(index, end);
    step.critical = pick(1) == 0;
    fill(step, index, end);
    steps().push_back(std::move(step));
  }

  Step::Kind kind(int parent) {
    static constexpr Step::Kind kRare[] = {Step::Kind::branch,  Step::Kind::sleep, Step::Kind::pause,
                                           Step::Kind::approve, Step::Kind::child, Step::Kind::update_variable,
                                           Step::Kind::loop};
    return pick(2) == 0 ? Step::Kind::action : kRare[pick(parent == kEnd ? 6 : 5)];
  }

  void fill(Step& step, int index, int end) {
    static constexpr EffectClass kClasses[] = {EffectClass::read, EffectClass::natural, EffectClass::name,
                                               EffectClass::token, EffectClass::unsafe};
    switch (step.kind) {
      case Step::Kind::action:
        step.action = "local:do";
        step.effect = kClasses[pick(4)];
        step.inputs = {{"Text", text(step.parent)}};
        step.max_attempts = 1 + pick(2);
        step.default_timeout = std::chrono::seconds(60);
        break;
      case Step::Kind::branch:
        for (int i = pick(2); i >= 0; --i) step.choices.push_back({condition(step.parent), later(index, end)});
        break;
      case Step::Kind::sleep:
        step.inputs = {{"Duration", pick(2) == 0 ? "PT0S" : "PT3S"}};
        if (pick(3) == 0) step.timeout = "2";
        break;
      case Step::Kind::loop:
        fill_loop(step);
        break;
      case Step::Kind::pause:
        if (pick(1) == 0) step.timeout = 300;
        break;
      case Step::Kind::approve:
        step.inputs = approval();
        step.default_timeout = std::chrono::seconds(300);
        break;
      case Step::Kind::child:
        step.inputs = {{"DocumentName", pick(9) == 0 ? "missing" : "inner"}};
        step.max_attempts = 1 + pick(2);
        step.default_timeout = std::chrono::seconds(300);
        break;
      case Step::Kind::update_variable:
        step.inputs = {{"Name", "variable:Seen"},
                       {"Value", pick(5) == 0 ? boost::json::value(7) : boost::json::value(text(step.parent))}};
        break;
    }
  }

  void fill_loop(Step& step) {
    if (pick(1) == 0) {
      step.loop_condition.emplace();
      step.max_iterations = 1 + pick(3);
      return;
    }
    static constexpr std::string_view kItems[] = {"a", "b", "c"};
    boost::json::array items(std::begin(kItems), std::begin(kItems) + pick(3));
    step.inputs = {{"Iterators", std::move(items)}};
  }

  boost::json::object approval() {
    const int people = 1 + pick(2);
    return {{"Approvers", boost::json::array(std::begin(kPeople), std::begin(kPeople) + people)},
            {"MinRequiredApprovals", 1 + pick(people - 1)}};
  }

  // What the document may hold where a text is wanted; some of it has no value when it is read.
  std::string text(int parent) {
    const int choice = pick(5);
    if (choice == 0) return "{{ variable:Seen }}";
    if (choice == 1 && parent != kEnd) {
      return "{{ " + steps()[static_cast<std::size_t>(parent)].name + ".CurrentIteratorValue }}";
    }
    if (choice > 2 && !steps().empty()) {
      const auto& earlier = steps()[static_cast<std::size_t>(pick(static_cast<int>(steps().size()) - 1))];
      const auto output = output_of(earlier.kind);
      if (!output.empty()) return "v{{ " + earlier.name + "." + std::string(output) + " }}";
    }
    return "a";
  }

  Condition condition(int parent) {
    static constexpr std::string_view kConstants[] = {"a", "b", "v1", "vApproved", "vSuccess"};
    Condition equals;
    equals.kind = Condition::Kind::string_equals;
    equals.variable = text(parent);
    equals.constant = kConstants[pick(4)];
    if (pick(2) != 0) return equals;
    Condition negated;
    negated.kind = Condition::Kind::none;
    negated.children.push_back(std::move(equals));
    return negated;
  }

  std::mt19937_64 random_;
  History history_;
};

}  // namespace slipway::workflow
