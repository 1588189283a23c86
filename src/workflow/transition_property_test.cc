// Generated histories of generated documents against a simple model: whatever is lost, repeated, late or out of order,
// an execution makes the calls the model makes and ends as the model says. SLIPWAY_SOAK=1 runs a million of them;
// SLIPWAY_SEED=n runs one.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>

#include "workflow/document_fixture.h"
#include "workflow/transition.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using Kind = Event::Kind;

enum class Answer { success, failure, refusal, silence };  // refusal: invalid, never repeated; silence: a time-out

struct History {
  std::uint64_t seed;
  Plan plan;
  int cancel_at_call;      // counts from 1; 0: never
  std::set<int> crash_at;  // calls during which the broker ends

  // The provider's answer, decided by the seed alone.
  Answer answer(const std::string& step, int attempt) const {
    const auto hash = std::hash<std::string>()(step + std::to_string(attempt) + std::to_string(seed));
    const auto draw = hash % 10;
    return draw < 6 ? Answer::success : draw < 8 ? Answer::failure : draw == 8 ? Answer::silence : Answer::refusal;
  }
};

// Jumps go forward only, so there is no circle.
int later(std::mt19937_64& random, int from, int count) {
  const auto jump = std::uniform_int_distribution<int>(from + 1, count)(random);
  return jump == count ? kEnd : jump;
}

Step generated_step(std::mt19937_64& random, int index, int count) {
  static constexpr EffectClass kClasses[] = {EffectClass::read, EffectClass::natural, EffectClass::name,
                                             EffectClass::token, EffectClass::unsafe};
  const auto pick = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  Step step;
  step.name = "S" + std::to_string(index);
  step.action = "local:do";
  step.effect = kClasses[pick(4)];
  step.next = pick(3) == 0 ? later(random, index, count) : (index + 1 < count ? index + 1 : kEnd);
  step.on_failure = static_cast<Step::OnFailure>(pick(2));
  if (step.on_failure == Step::OnFailure::jump) {
    step.failure_next = later(random, index, count);
    if (step.failure_next == kEnd) step.on_failure = Step::OnFailure::abort;
  }
  step.cancel_next = pick(1) == 0 ? later(random, index, count) : kEnd;
  step.critical = pick(1) == 0;
  step.max_attempts = 1 + pick(2);
  step.default_timeout = 60s;
  if (pick(5) == 0) {
    step.kind = Step::Kind::sleep;
    step.action = "aws:sleep";
    step.inputs = {{"Duration", pick(1) == 0 ? "PT0S" : "PT30S"}};
    step.default_timeout = 0s;
  }
  return step;
}

History generated(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  History history{seed, {}, 0, {}};
  const int count = std::uniform_int_distribution<int>(1, 6)(random);
  for (int i = 0; i < count; ++i) history.plan.steps.push_back(generated_step(random, i, count));
  if (random() % 4 == 0) history.cancel_at_call = 1 + static_cast<int>(random() % 5);
  while (random() % 2 == 0) history.crash_at.insert(1 + static_cast<int>(random() % 8));
  return history;
}

// --- the model: a plain loop over the document, without events, time or storage

struct Expected {
  std::vector<std::string> calls;  // "S0#1": step and attempt
  Status status = Status::success;
  bool held = false;
};

class Model {
 public:
  explicit Model(const History& history) : history_(history) {}

  Expected run() {
    int index = 0;
    while (index != kEnd && !expected_.held) index = next(index);
    if (!expected_.held) expected_.status = final_status();
    return expected_;
  }

 private:
  const Step& step(int index) const { return history_.plan.steps[static_cast<std::size_t>(index)]; }

  int next(int index) {
    const auto& current = step(index);
    const auto outcome = current.kind == Step::Kind::sleep ? Status::success : attempts(current);
    outcomes_.emplace_back(&current, outcome);
    if (expected_.held) return kEnd;
    if (cancel_now_) {
      cancel_now_ = false;
      cancelled_ = true;
      return current.cancel_next;
    }
    const bool bad = outcome == Status::failed || outcome == Status::timed_out;
    if (bad && current.on_failure == Step::OnFailure::abort) {
      aborted_ = outcome;
      return kEnd;
    }
    return bad && current.on_failure == Step::OnFailure::jump ? current.failure_next : current.next;
  }

  Status attempts(const Step& current) {
    for (int attempt = 1;; ++attempt) {
      const bool last = attempt == current.max_attempts;
      switch (call(current, attempt)) {
        case Call::answered:
          break;
        case Call::cancelled:
          cancel_now_ = true;
          return Status::cancelled;
        case Call::unknown:
          if (!last) continue;
          expected_.held = true;
          return Status::waiting;
        case Call::poison:
          expected_.held = true;
          return Status::waiting;
      }
      switch (history_.answer(current.name, attempt)) {
        case Answer::success:
          return Status::success;
        case Answer::refusal:
          return Status::failed;
        case Answer::failure:
          if (last) return Status::failed;
          break;
        case Answer::silence:
          if (last) return Status::timed_out;
          break;
      }
    }
  }

  enum class Call { answered, cancelled, unknown, poison };
  // A call that a crash hid is made again, unless it is unsafe, or the broker ended in it for the sixth time.
  Call call(const Step& current, int attempt) {
    for (int crashes = 0;; ++crashes) {
      if (crashes > 5) return Call::poison;
      const int number = count(current, attempt);
      if (number == history_.cancel_at_call && !cancelled_) return Call::cancelled;
      if (!history_.crash_at.contains(number)) return Call::answered;
      if (current.effect == EffectClass::unsafe) return Call::unknown;
    }
  }

  int count(const Step& current, int attempt) {
    expected_.calls.push_back(current.name + "#" + std::to_string(attempt));
    return static_cast<int>(expected_.calls.size());
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
  std::vector<std::pair<const Step*, Status>> outcomes_;
  bool cancel_now_ = false;
  bool cancelled_ = false;
  std::optional<Status> aborted_;
};

// --- the run: events as a broker would send them, with repeats and stale ones in between

class Runner {
 public:
  explicit Runner(const History& history) : history_(history), noise_(history.seed ^ 0x5eed) {
    identity_.installation_id = "i";
    identity_.execution_id = base::ExecutionId("e");
  }

  void run(const Expected& expected) {
    Command command = feed(event(Kind::start));
    for (int turn = 0; turn < 500 && !state_.ended(); ++turn) {
      noise();
      ASSERT_NE(command.kind, Command::Kind::nothing) << "an execution that is not over waits for nothing";
      if (command.kind == Command::Kind::wait && state_.waiting == Waiting::unknown_outcome) break;
      command = command.kind == Command::Kind::wait ? wake(command) : call(command);
      if (testing::Test::HasFailure()) return;
    }
    EXPECT_EQ(calls_, expected.calls);
    EXPECT_EQ(state_.ended(), !expected.held);
    if (!expected.held) EXPECT_EQ(to_string(state_.status), to_string(expected.status));
    noise();
    check_journal();
  }

 private:
  Command wake(const Command& command) {
    EXPECT_NE(command.wake_at, base::Time{});
    if (noise_() % 2 == 0 && command.wake_at > now_) {
      now_ = command.wake_at - 1ms;
      EXPECT_EQ(feed(event(Kind::timer)).kind, Command::Kind::wait) << "early";
    }
    now_ = std::max(now_, command.wake_at) + 1ms;
    return feed(event(Kind::timer));
  }

  Command call(const Command& command) {
    calls_.push_back(state_.at.step + "#" + std::to_string(state_.at.attempt));
    check_call(command);
    const int number = static_cast<int>(calls_.size());
    now_ += 100ms;
    if (number == history_.cancel_at_call && state_.status != Status::cancelling) {
      // The request is durable before anybody hears of it, so that a crash in between changes nothing.
      return feed(event(history_.crash_at.contains(number) ? Kind::resume : Kind::cancel, true));
    }
    if (history_.crash_at.contains(number)) return feed(event(Kind::resume));
    auto answer = event(Kind::succeeded);
    answer.of = {state_.at.step, state_.at.visit, state_.at.attempt};
    answer.outputs = {{"Id", number}};
    switch (history_.answer(state_.at.step, state_.at.attempt)) {
      case Answer::success:
        break;
      case Answer::failure:
        answer = failed(answer, base::unavailable("no answer"));
        break;
      case Answer::refusal:
        answer = failed(answer, base::invalid("bad input"));
        break;
      case Answer::silence:
        answer.kind = Kind::timed_out;
        answer.error = base::timed_out("late");
        break;
    }
    answers_.push_back(answer);
    return feed(answer);
  }

  static Event failed(Event answer, base::Error error) {
    answer.kind = Kind::failed;
    answer.error = std::move(error);
    return answer;
  }

  Event event(Kind kind, bool cancelled = false) {
    if (cancelled) state_.cancel = CancelRequest{now_, "someone"};
    Event made;
    made.kind = kind;
    return made;
  }

  // What may arrive at any time and must change nothing: old answers, early timers, another start.
  void noise() {
    if (noise_() % 4 == 0 && !answers_.empty()) expect_ignored(answers_[noise_() % answers_.size()]);
    if (noise_() % 8 == 0) expect_ignored(event(Kind::start));
    if (noise_() % 8 == 0 && (state_.in_flight() || state_.ended())) expect_ignored(event(Kind::timer));
  }
  void expect_ignored(Event stale) {
    stale.now = now_;
    const auto next = transition(history_.plan, identity_, state_, stale);
    EXPECT_FALSE(next.changed());
  }

  Command feed(Event fed) {
    fed.now = now_;
    const auto before = state_;
    auto next = transition(history_.plan, identity_, before, fed);
    const auto again = transition(history_.plan, identity_, before, fed);
    EXPECT_EQ(again.journal.size(), next.journal.size()) << "the same state and event give the same transition";
    EXPECT_EQ(again.command.token, next.command.token);
    for (const auto& row : next.journal) {
      if (row.kind == "Outcome") ++outcomes_[row.step];
      if (row.kind == "Entered") ++entries_[row.step];
    }
    for (const auto& effect : next.effects) intents_[effect.token] = effect.state;
    through_the_row(next.state);
    return next.command;
  }

  // What a crash leaves is what the row holds: every state goes through it.
  void through_the_row(const State& state) {
    storage::ExecutionRow row;
    row.id = identity_.execution_id;
    write_row(state, identity_, now_, true, row);
    if (state.cancel) row.cancel_at = state.cancel->at;
    auto read = read_row(std::move(row));
    ASSERT_TRUE(read) << read.error().message;
    state_ = std::move(read->state);
  }

  void check_call(const Command& command) {
    ASSERT_NE(command.step, nullptr);
    EXPECT_EQ(command.step->name, state_.at.step);
    EXPECT_LE(state_.at.attempt, command.step->max_attempts);
    if (command.step->effect == EffectClass::read) return;
    EXPECT_EQ(intents_[command.token], "intent") << "no call without a committed intent";
    auto& seen = tokens_[state_.at.step];
    if (!seen.empty()) EXPECT_EQ(seen, command.token) << "no failure here was known to leave nothing and be repeated";
    seen = command.token;
  }

  void check_journal() {
    for (const auto& [step, outcomes] : outcomes_) EXPECT_EQ(outcomes, 1) << "one outcome of " << step;
    for (const auto& [step, entries] : entries_) EXPECT_EQ(entries, 1) << step << " is entered once";
  }

  const History& history_;
  std::mt19937_64 noise_;
  Identity identity_;
  State state_;
  base::Time now_{std::chrono::milliseconds(1'700'000'000'000)};
  std::vector<std::string> calls_;
  std::vector<Event> answers_;
  std::map<std::string, int> outcomes_;
  std::map<std::string, int> entries_;
  std::map<std::string, std::string> intents_;  // by token
  std::map<std::string, std::string> tokens_;   // by step
};

void check(std::uint64_t seed) {
  SCOPED_TRACE("SLIPWAY_SEED=" + std::to_string(seed));
  const auto history = generated(seed);
  Runner(history).run(Model(history).run());
}

class Histories : public testing::TestWithParam<int> {};

TEST_P(Histories, end_as_the_model_says) {
  if (const char* one = std::getenv("SLIPWAY_SEED")) return check(std::strtoull(one, nullptr, 10));
  const std::uint64_t runs = std::getenv("SLIPWAY_SOAK") != nullptr ? 100'000 : 1'000;
  const auto first = static_cast<std::uint64_t>(GetParam()) * 1'000'000;
  for (std::uint64_t seed = first; seed < first + runs && !HasFailure(); ++seed) check(seed);
  std::printf("counted: ten times %llu histories\n", static_cast<unsigned long long>(runs));
}

INSTANTIATE_TEST_SUITE_P(Generated, Histories, testing::Range(0, 10));

}  // namespace
}  // namespace slipway::workflow
