// Generated histories of generated documents against a simple model: whatever is lost, repeated, late or out of order,
// and whatever people say, an execution does what the model does and ends as the model says. SLIPWAY_SOAK=1 runs a
// million of them; SLIPWAY_SEED=n runs one.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "workflow/transition.h"
#include "workflow/transition_model.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using Kind = Event::Kind;

const FoundDocuments& documents() {
  static const auto all = [] {
    auto inner = std::make_shared<Plan>();
    inner->name = "test/inner";
    FoundDocuments found;
    found.emplace("inner", std::shared_ptr<const Plan>(std::move(inner)));
    found.emplace("missing", base::not_found("there is no such document"));
    return found;
  }();
  return all;
}

// Events as a broker would send them, with repeats, stale ones and strangers in between.
class Runner {
 public:
  explicit Runner(const History& history) : history_(history), noise_(history.seed ^ 0x5eed) {
    identity_.installation_id = "i";
    identity_.execution_id = base::ExecutionId("e");
    if (history.first > 0) state_.at.step = history.plan.steps[static_cast<std::size_t>(history.first)].name;
    row_.id = identity_.execution_id;
    write_row(state_, identity_, now_, true, row_);
  }

  void run(const Expected& expected) {
    Command command = feed(event(Kind::start));
    for (int turn = 0; turn < 1'000 && !state_.ended() && !for_ever_; ++turn) {
      noise();
      ASSERT_NE(command.kind, Command::Kind::nothing) << "an execution that is not over waits for nothing";
      command = command.kind == Command::Kind::wait ? wait(command) : call(command);
      if (testing::Test::HasFailure()) return;
    }
    EXPECT_EQ(stops_, expected.stops);
    EXPECT_EQ(state_.ended(), expected.over);
    if (expected.over) EXPECT_EQ(to_string(state_.status), to_string(expected.status));
    const auto* seen = state_.variables.if_contains("Seen");
    EXPECT_EQ(seen == nullptr ? std::nullopt : std::optional(to_text(*seen)), expected.seen);
    noise();
    check_end();
  }

 private:
  // --- stops

  int number() const { return static_cast<int>(stops_.size()); }
  std::uint64_t draw() const { return history_.draw(number()); }
  bool cancelling() const { return state_.status == Status::cancelling; }

  // Notes a stop, and what somebody asks for there: durable before the execution hears of it.
  void stop(const std::string& what) {
    stops_.push_back(fmt::format("{}#{} {}", state_.at.step, state_.at.attempt, what));
    crashes_ = history_.crash_at.contains(number());
    completes_ = number() == history_.complete_at && !state_.cancel;
    cancels_ = number() == history_.cancel_at && !cancelling();
    if (!completes_ && !cancels_) return;
    row_.cancel_at = now_;
    row_.cancel_kind = cancels_ ? "" : storage::kComplete;
    state_.cancel = CancelRequest{now_, "", !cancels_};
  }

  Command call(const Command& command) {
    stop(fmt::format("call {} {}", generation_of(command.token), to_text(command.inputs.at("Text"))));
    check_call(command);
    const auto answer_is = answer_of(draw());
    if (cancels_ || crashes_ || answer_is == Answer::failure || answer_is == Answer::silence) {
      in_doubt_.insert(command.token);
    }
    now_ += 100ms;
    if (cancels_) return feed(event(crashes_ ? Kind::resume : Kind::cancel));
    if (crashes_) {
      const bool late = history_.crash_at.at(number()) == History::Crash::beyond_the_deadline && !cancelling();
      if (late) now_ = std::max(now_, state_.at.deadline);
      return feed(event(Kind::resume));
    }
    if (completes_) expect_ignored(event(Kind::cancel));
    answers_.push_back(answer());
    return feed(answers_.back());
  }

  Event answer() const {
    auto answer = event(Kind::failed);
    answer.of = {state_.at.step, state_.at.visit, state_.at.attempt};
    switch (answer_of(draw())) {
      case Answer::success:
        answer.kind = Kind::succeeded;
        answer.outputs = {{"Id", number()}};
        break;
      case Answer::failure:
        answer.error = base::unavailable("no answer");
        break;
      case Answer::refusal:
        answer.error = base::invalid("bad input");
        break;
      case Answer::busy:
        answer.error = base::conflict("not now");
        break;
      case Answer::silence:
        answer.kind = Kind::timed_out;
        answer.error = base::timed_out("late");
        break;
    }
    return answer;
  }

  Command wait(const Command& command) {
    const auto waiting = state_.waiting;
    stop(name_of(waiting));
    if (cancels_) return feed(event(crashes_ ? Kind::resume : Kind::cancel));
    if (crashes_) expect_ignored(event(Kind::resume));
    if (completes_) expect_ignored(event(Kind::cancel));
    switch (waiting) {
      case Waiting::nothing:
      case Waiting::sleep:
      case Waiting::retry:
        return wake(command);
      case Waiting::pause:
        return reply_of(draw()) == Reply::resume ? say(Signal::Kind::resume) : nobody(command);
      case Waiting::approval:
        return decide(command);
      case Waiting::unknown_outcome:
        return answer_held(command);
      case Waiting::child:
        const auto end = child_end_of(draw());
        return end.late && !state_.child_cancelled ? wake(command) : child_ends(end.status);
    }
  }

  std::string name_of(Waiting waiting) const {
    switch (waiting) {
      case Waiting::nothing:
        return "nothing";
      case Waiting::sleep:
        return "sleep";
      case Waiting::retry:
        return "retry";
      case Waiting::unknown_outcome:
        return "unknown outcome";
      case Waiting::pause:
        return "pause";
      case Waiting::approval:
        return "approval";
      case Waiting::child:
        return state_.child_cancelled ? "end of child" : "child";
    }
  }

  Command wake(const Command& command) {
    EXPECT_NE(command.wake_at, base::Time{});
    if (noise_() % 2 == 0 && command.wake_at > now_) {
      now_ = command.wake_at - 1ms;
      expect_ignored(event(Kind::timer));
    }
    now_ = std::max(now_, command.wake_at) + 1ms;
    return feed(event(Kind::timer));
  }

  Command nobody(const Command& command) {
    if (command.wake_at != base::Time{}) return wake(command);
    for_ever_ = true;
    return command;
  }

  Command decide(const Command& command) {
    const auto people = state_.outputs.empty() ? 0 : step().inputs.at("Approvers").as_array().size();
    const auto word = word_of(draw(), people);
    if (word.kind == Word::Kind::nobody) return nobody(command);
    const auto kind = word.kind == Word::Kind::approve ? Signal::Kind::approve : Signal::Kind::reject;
    return say(kind, std::string(kPeople[word.person]));
  }

  Command answer_held(const Command& command) {
    switch (verdict_of(draw())) {
      case Verdict::nobody:
        return nobody(command);
      case Verdict::retry:
        return say(Signal::Kind::retry);
      case Verdict::skip:
        return say(Signal::Kind::skip);
      case Verdict::adopt:
        return say(Signal::Kind::adopt);
      case Verdict::fail:
        return say(Signal::Kind::fail);
    }
  }

  Command say(Signal::Kind kind, std::string by = "somebody") {
    auto said = event(Kind::signal);
    said.signal.kind = kind;
    said.signal.by = std::move(by);
    if (kind == Signal::Kind::adopt) said.signal.outputs = {{"Id", "adopted"}};
    return feed(said);
  }

  Command child_ends(Status status) {
    auto ended = event(Kind::child_ended);
    ended.child = {.id = state_.child, .status = status, .outputs = {}, .reason = {}};
    EXPECT_TRUE(children_.insert(state_.child).second) << "another attempt is another child";
    return feed(ended);
  }

  Event event(Kind kind) const {
    Event made;
    made.kind = kind;
    return made;
  }
  const Step& step() const {
    return history_.plan.steps[static_cast<std::size_t>(history_.plan.find_step(step_name(state_.at.step)))];
  }

  // --- noise

  // What may arrive at any time and must change nothing: old answers, early timers, another start, the ends of other
  // children, and words that nobody waits for.
  void noise() {
    if (noise_() % 4 == 0 && !answers_.empty()) expect_ignored(answers_[noise_() % answers_.size()]);
    if (noise_() % 8 == 0) expect_ignored(event(Kind::start));
    if (noise_() % 8 == 0 && (state_.in_flight() || state_.ended())) expect_ignored(event(Kind::timer));
    if (noise_() % 8 == 0) {
      auto other = event(Kind::child_ended);
      other.child.id = children_.empty() ? "other" : *children_.begin();
      expect_ignored(other);
    }
    if (noise_() % 4 == 0) expect_refused(static_cast<Signal::Kind>(noise_() % 7));
  }
  void expect_ignored(Event stale) {
    stale.now = now_;
    EXPECT_FALSE(transition(history_.plan, identity_, state_, stale, documents()).changed());
  }
  // Said by a stranger, whom only steps that anybody may answer listen to.
  void expect_refused(Signal::Kind kind) {
    const bool decides = kind == Signal::Kind::approve || kind == Signal::Kind::reject;
    if (!decides && kind == Signal::Kind::resume && state_.waiting == Waiting::pause) return;
    if (!decides && kind != Signal::Kind::resume && state_.waiting == Waiting::unknown_outcome) return;
    auto said = event(Kind::signal);
    said.now = now_;
    said.signal.kind = kind;
    said.signal.by = "mallory";
    const auto next = transition(history_.plan, identity_, state_, said, documents());
    EXPECT_TRUE(next.refusal);
    EXPECT_FALSE(next.changed());
  }

  // --- moves

  Command feed(Event fed) {
    fed.now = now_;
    const auto before = state_;
    auto next = transition(history_.plan, identity_, before, fed, documents());
    const auto again = transition(history_.plan, identity_, before, fed, documents());
    EXPECT_EQ(again.journal.size(), next.journal.size()) << "the same state and event give the same transition";
    EXPECT_EQ(again.command.token, next.command.token);
    EXPECT_FALSE(next.refusal) << next.refusal->message;
    for (const auto& row : next.journal) {
      if (row.kind == "Outcome") ++outcomes_[row.step];
      if (row.kind == "Entered") ++entries_[row.step];
    }
    for (const auto& effect : next.effects) effects_[effect.token] = effect.state;
    if (next.child) EXPECT_EQ(next.child->id.str(), next.state.child);
    through_the_row(next);
    return std::move(next.command);
  }

  // What a crash leaves is what the row holds: every state goes through it, and values only where they are said to have
  // changed.
  void through_the_row(const Transition& next) {
    write_row(next.state, identity_, now_, next.values_changed, row_);
    auto read = read_row(row_);
    ASSERT_TRUE(read) << read.error().message;
    state_ = std::move(read->state);
  }

  // How many tokens this step had before.
  std::size_t generation_of(const std::string& token) {
    auto& tokens = tokens_[state_.at.step];
    const auto found = std::ranges::find(tokens, token);
    if (found == tokens.end()) tokens.push_back(token);
    return static_cast<std::size_t>(std::ranges::find(tokens, token) - tokens.begin());
  }

  void check_call(const Command& command) {
    ASSERT_NE(command.step, nullptr);
    EXPECT_EQ(command.step, &step());
    EXPECT_LE(state_.at.attempt, command.step->max_attempts);
    if (command.step->effect == EffectClass::read) return;
    EXPECT_EQ(effects_[command.token], "intent") << "no call without a committed intent";
    for (const auto& other : tokens_[state_.at.step]) {
      EXPECT_TRUE(other == command.token || !in_doubt_.contains(other)) << "a second token could have a second effect";
    }
  }

  void check_end() {
    for (const auto& [step, entries] : entries_) {
      EXPECT_EQ(entries, 1) << step << " is entered once";
      const bool open = !state_.ended() && (step == state_.at.step || (state_.loop && step == state_.loop->step));
      EXPECT_EQ(outcomes_[step], open ? 0 : 1) << "outcomes of " << step;
    }
    EXPECT_EQ(outcomes_.size(), entries_.size());
    if (!state_.ended()) return;
    for (const auto& [token, effect] : effects_) {
      EXPECT_TRUE(effect.starts_with("known") || effect == "ambiguous") << "what was begun is settled, not " << effect;
      EXPECT_FALSE(effect == "known_failed" && in_doubt_.contains(token)) << "an earlier call may have had its effect";
    }
    const bool bad = state_.status == Status::failed || state_.status == Status::timed_out;
    if (bad) EXPECT_TRUE(state_.failure) << "it says why";
    EXPECT_FALSE(state_.loop);
    EXPECT_TRUE(state_.child.empty());
  }

  const History& history_;
  std::mt19937_64 noise_;
  Identity identity_;
  storage::ExecutionRow row_;
  State state_;
  base::Time now_{std::chrono::milliseconds(1'700'000'000'000)};
  bool crashes_ = false;  // at this stop, as the two below
  bool completes_ = false;
  bool cancels_ = false;
  bool for_ever_ = false;  // waits for somebody who does not come
  std::vector<std::string> stops_;
  std::vector<Event> answers_;
  std::set<std::string> children_;
  std::map<std::string, int> outcomes_;
  std::map<std::string, int> entries_;
  std::map<std::string, std::string> effects_;              // state by token
  std::map<std::string, std::vector<std::string>> tokens_;  // by step
  std::set<std::string> in_doubt_;                          // tokens of calls that may have had their effect
};

void check(std::uint64_t seed) {
  SCOPED_TRACE("SLIPWAY_SEED=" + std::to_string(seed));
  const auto history = Generator(seed).make();
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
