// The engine in a child process that is killed with kill -9 at each commit and at each call in turn, then started again
// until the execution ends: every execution ends, no effect is made twice, and the journal has no gap. Every point,
// with an action of every class, and with cancellations and failures in between.

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iostream>

#include "workflow/engine_fixture.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;
using boost::asio::awaitable;
using namespace std::chrono_literals;
using testing::IsEmpty;

const base::EnvironmentId kEnvironment("env-1");
const base::Time kBirth(std::chrono::milliseconds(1'700'000'000'000));

struct Story {
  std::string name;
  std::string document;
  std::string ends;                 // the status it must reach
  std::map<std::string, int> most;  // how often each step's effect may be made at most; 1 where it is not named
  bool cancelled = false;           // somebody cancels it while step `Hang` runs
  bool may_hold = false;            // an unsafe call may end up held for a person, which counts as an end
};
void PrintTo(const Story& story, std::ostream* out) {
  *out << story.name;
}

std::string document(std::string_view steps) {
  return "schemaVersion: '0.3'\nmainSteps:\n" + std::string(steps);
}
std::string step(std::string_view name, std::string_view action, std::string_view more = "") {
  return fmt::format("  - {{name: {0}, action: '{1}', inputs: {{Key: '{0}'}}{2}{3}}}\n", name, action,
                     more.empty() ? "" : ", ", more);
}

const std::vector<Story> kStories = {
    {"every_class",
     document(step("R", "local:read") + step("N", "local:name") + step("T", "local:token") +
              "  - {name: Choose, action: 'aws:branch', inputs: {Choices: [{Variable: '{{ N.Id }}', StringEquals: N, "
              "NextStep: Nap}], Default: Wrong}}\n" +
              "  - {name: Nap, action: 'aws:sleep', inputs: {Duration: PT0.005S}}\n" +
              step("L", "local:natural", "isEnd: true") + step("Wrong", "local:name")),
     "Success",
     {{"L", 9}, {"Wrong", 0}},
     false,
     false},
    {"failure_and_clean_up",
     document(step("N", "local:name") + step("F", "local:fail", "maxAttempts: 2, onFailure: step:Clean") +
              step("Never", "local:name") + step("Clean", "local:name")),
     "Failed",
     {{"F", 0}, {"Never", 0}},
     false,
     false},
    {"cancel_in_flight",
     document(step("N", "local:name") + step("Hang", "local:hang", "onCancel: step:Clean, isEnd: true") +
              step("Clean", "local:name")),
     "Cancelled",
     {},
     true,
     false},
    {"unsafe_once", document(step("U", "local:unsafe")), "Success", {}, false, true},
    {"unsafe_with_attempts",
     document(step("U", "local:unsafe", "maxAttempts: 3") + step("N", "local:name")),
     "Success",
     {{"U", 3}},
     false,
     true},
};

// --- in the child

class Life {
 public:
  // `number` of this life of the broker: time goes on between two.
  Life(const fs::path& folder, const Story& story, int number, int kill_at)
      : folder_(folder), story_(story), kill_at_(kill_at), clock_(kBirth + 30s * number) {
    add("local:read", EffectClass::read, [](const std::string&, const StepContext&) { return true; });
    // The caller chose the name: there is one such folder or none.
    add("local:name", EffectClass::name, [this](const std::string& key, const StepContext&) { return make(key, key); });
    // The provider remembers tokens.
    add("local:token", EffectClass::token,
        [this](const std::string& key, const StepContext& context) { return make(context.token, key); });
    add("local:natural", EffectClass::natural,
        [this](const std::string& key, const StepContext&) { return note(key); });
    add("local:unsafe", EffectClass::unsafe, [this](const std::string& key, const StepContext&) { return note(key); });
    add("local:fail", EffectClass::natural, [](const std::string&, const StepContext&) { return false; });
    actions_.add("local:hang",
                 std::make_unique<FakeAction>(EffectClass::name, [this](StepContext context, json::object) {
                   return hang(std::move(context));
                 }));
  }

  // Ends the process: 0 where the execution has ended, 3 where it is held for a person.
  [[noreturn]] void live() {
    auto store = open_store(runtime_, folder_);
    store->before_write = [this]() -> base::Result<void> {
      point();
      return {};
    };
    store->after_write = [this] { point(); };
    listener_.also = [this](storage::Connection&, const Ended&) -> base::Result<void> {
      point();  // in the middle of the last transaction
      return {};
    };
    Engine engine(runtime_, *store, clock_, actions_, listener_);
    listener_.on_progress = [this](const Progress& progress) {
      if (progress.what == "Retry" || progress.what == "Waiting") pass_time();
    };
    net::run_to_end(runtime_, [&]() -> awaitable<void> {
      engine_ = &engine;
      (void)co_await engine.start();
      pass_time();
      const auto known = storage::executions_of(store->reader(), kEnvironment, 1);
      if (!known || known->empty()) co_await accept(*store);
      co_await signal_.until([&] { return over(store->reader()); });
    });
    const auto row = storage::executions_of(store->reader(), kEnvironment, 1)->at(0);
    _exit(row.ended_at ? 0 : 3);
  }

 private:
  using Effect = std::function<bool(const std::string& key, const StepContext&)>;

  // What waits for the clock need not wait for real.
  void pass_time() {
    runtime_.post([this] {
      clock_.advance(5s);
      engine_->tick();
    });
  }

  void point() {
    if (++points_ == kill_at_) kill(getpid(), SIGKILL);
  }

  void add(const std::string& name, EffectClass effect, Effect make_effect) {
    auto run = [this, make_effect](StepContext context, json::object inputs) -> net::Task<json::object> {
      const std::string key(inputs.at("Key").as_string());
      point();
      const bool done = make_effect(key, context);
      point();
      signal_.changed();
      if (!done) co_return base::unavailable("it did not work", "Broken");
      co_return json::object{{"Id", key}};
    };
    actions_.add(name, std::make_unique<FakeAction>(effect, std::move(run)));
  }

  // One more line for each effect that was really made.
  bool note(const std::string& key) const {
    const int file = open((folder_ / "effects").c_str(), O_CREAT | O_APPEND | O_WRONLY, 0600);
    const auto line = key + "\n";
    const bool written = write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    close(file);
    return written;
  }
  bool make(const std::string& name, const std::string& key) const {
    if (fs::create_directory(folder_ / ("made-" + name))) return note(key);
    return true;  // made by an earlier call: adopted
  }

  net::Task<json::object> hang(StepContext context) {
    point();
    make(context.step, context.step);
    point();
    canceller_.spawn(
        "cancel", [this, id = context.execution_id]() -> awaitable<void> { (void)co_await engine_->cancel(id, "me"); });
    co_await net::sleep_for(runtime_, std::chrono::hours(24));
    co_return json::object{};
  }

  awaitable<void> accept(storage::Database& store) {
    auto loaded = load_document("test.yaml", story_.document, actions_);
    if (!loaded.plan) _exit(4);
    StartRequest request{.plan = loaded.plan,
                         .kind = "launch",
                         .environment_id = kEnvironment,
                         .environment_name = "one",
                         .region = "local",
                         .account_id = "0",
                         .by = "me",
                         .correlation_id = "c",
                         .parameters = {}};
    auto start = engine_->prepare_start(std::move(request));
    const auto written = co_await store.write([&](storage::Connection& connection) -> base::Result<void> {
      TRY(storage::insert_environment(connection, environment_row(kEnvironment)));
      return start->write(connection);
    });
    if (!written) _exit(5);
    engine_->launch(start->id);
  }

  bool over(storage::Connection& reader) const {
    const auto row = storage::executions_of(reader, kEnvironment, 1);
    if (!row || row->empty()) return false;
    return row->at(0).ended_at || (row->at(0).state == "Waiting" && !row->at(0).wake_at);
  }

  const fs::path folder_;
  const Story& story_;
  const int kill_at_;
  FakeClock clock_;
  std::atomic<int> points_ = 0;
  net::Runtime runtime_;
  Bell signal_{runtime_};
  RecordingListener listener_{signal_};
  ActionRegistry actions_;
  Engine* engine_ = nullptr;
  net::TaskGroup canceller_{runtime_};
};

// --- in the parent

enum class LifeEnd { killed, ended, held };

// A broker's life in a process of its own. No thread runs here now, so that a fork is enough.
LifeEnd live_once(const fs::path& folder, const Story& story, int number, int kill_at) {
  const pid_t child = fork();
  if (child == 0) {
    const int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDERR_FILENO);
    std::make_unique<Life>(folder, story, number, kill_at).release()->live();
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return LifeEnd::killed;
  EXPECT_TRUE(WIFEXITED(status)) << "status " << status;
  EXPECT_TRUE(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 3) << "exit status " << WEXITSTATUS(status);
  return WEXITSTATUS(status) == 3 ? LifeEnd::held : LifeEnd::ended;
}

void check(const fs::path& folder, const Story& story, LifeEnd end) {
  std::map<std::string, int> made;
  std::ifstream effects(folder / "effects");
  for (std::string line; std::getline(effects, line);) ++made[line];
  for (const auto& [step, times] : made) {
    const auto most = story.most.find(step);
    EXPECT_LE(times, most == story.most.end() ? 1 : most->second) << "effect of step " << step;
  }
  net::Runtime runtime;
  auto store = open_store(runtime, folder);
  const auto rows = storage::executions_of(store->reader(), kEnvironment, 10);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1u);
  const auto& row = rows->at(0);
  if (end == LifeEnd::held) {
    EXPECT_TRUE(story.may_hold);
    return;
  }
  EXPECT_EQ(row.state, story.ends);
  EXPECT_THAT(broken_invariants(store->reader(), row.id), IsEmpty());
  const auto environment = storage::find_environment(store->reader(), kEnvironment);
  EXPECT_EQ((*environment)->status, story.ends);
  EXPECT_EQ((*environment)->version, 1) << "the end is written exactly once";
  const auto effects_left = storage::effects_of(store->reader(), row.id);
  for (const auto& effect : *effects_left) EXPECT_NE(effect.state, "intent") << effect.step;
}

class Crash : public testing::TestWithParam<Story> {};

TEST_P(Crash, at_every_commit_and_call_loses_nothing_and_does_nothing_twice) {
  const auto& story = GetParam();
  int lives = 0;
  for (int point = 1;; ++point) {
    SCOPED_TRACE(fmt::format("killed at point {}", point));
    TemporaryFolder folder;
    auto end = live_once(folder.path(), story, 1, point);
    const bool reached = end == LifeEnd::killed;
    // The next broker is killed as well, soon after its start; then one that is not.
    if (end == LifeEnd::killed) end = live_once(folder.path(), story, 2, 1 + point % 5);
    if (end == LifeEnd::killed) end = live_once(folder.path(), story, 3, 0);
    lives += 3;
    ASSERT_NE(end, LifeEnd::killed);
    check(folder.path(), story, end);
    if (HasFailure() || !reached) break;
    ASSERT_LT(point, 500) << "it never gets to its end";
  }
  EXPECT_GT(lives, 3 * 8) << "too few points to mean anything";
}

INSTANTIATE_TEST_SUITE_P(Stories, Crash, testing::ValuesIn(kStories), [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace slipway::workflow
