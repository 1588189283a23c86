#pragma once
// For tests of the engine: the real store in a folder of its own, a clock held by hand, actions that answer as told,
// and a listener to wait on. Included by tests only.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/json.hpp>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "storage/environments.h"
#include "storage/executions.h"
#include "storage/sqlite/database.h"
#include "workflow/engine.h"

namespace slipway::workflow {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "slipway-workflow-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class FakeClock : public base::Clock {
 public:
  explicit FakeClock(base::Time start = base::Time(std::chrono::milliseconds(1'700'000'000'000))) : now_(start) {}
  base::Time now() const override { return now_; }
  void advance(std::chrono::milliseconds by) { now_ += by; }

 private:
  base::Time now_;
};

// An action whose answers a test writes.
class FakeAction : public PlainAction {
 public:
  using Run = std::function<net::Task<boost::json::object>(StepContext, boost::json::object)>;
  FakeAction(EffectClass effect, Run run) : effect_(effect), run_(std::move(run)) {}

  EffectClass effect_class(const boost::json::object&) const override { return effect_; }
  Inputs inputs() const override { return {.required = {}, .optional = {"Text", "Key"}}; }
  std::vector<std::string_view> outputs() const override { return {"Id"}; }
  net::Task<boost::json::object> run(StepContext context, boost::json::object inputs) override {
    return run_(std::move(context), std::move(inputs));
  }

 private:
  EffectClass effect_;
  Run run_;
};

// Lets coroutines wait until a condition holds; whoever changes something it may depend on calls changed().
class Bell {
 public:
  explicit Bell(net::Runtime& runtime) : runtime_(runtime) {}
  boost::asio::awaitable<void> until(std::function<bool()> condition) {
    while (!condition()) {
      co_await net::suspend_until(runtime_,
                                  [this](std::function<void()> resume) { waiters_.push_back(std::move(resume)); });
    }
  }
  void changed() {
    for (auto& resume : std::exchange(waiters_, {})) resume();
  }

 private:
  net::Runtime& runtime_;
  std::vector<std::function<void()>> waiters_;
};

// Writes the end of an execution into its environment, as the broker does, and remembers what it was told.
class RecordingListener : public Listener {
 public:
  explicit RecordingListener(Bell& signal) : signal_(signal) {}

  base::Result<void> finalise(storage::Connection& connection, const Ended& end) override {
    auto environment = TRY(storage::find_environment(connection, end.identity.environment_id));
    environment->status = to_string(end.status);
    environment->outputs = boost::json::serialize(end.outputs);
    TRY(storage::update_environment(connection, *environment));
    return also ? also(connection, end) : base::Result<void>{};
  }
  void ended(const Ended& end) override {
    ends.push_back(end);
    signal_.changed();
  }
  base::Result<bool> again(storage::Connection& connection, const Ended& end, base::Time) override {
    auto environment = TRY(storage::find_environment(connection, end.identity.environment_id));
    environment->status = "again";
    TRY(storage::update_environment(connection, *environment));
    return afresh;
  }
  void progress(const Progress& progress) override {
    seen.push_back(
        fmt::format("{} {}{}{}", progress.what, progress.step, progress.text.empty() ? "" : ": ", progress.text));
    if (on_progress) on_progress(progress);
    signal_.changed();
  }

  std::function<void(const Progress&)> on_progress;
  std::function<base::Result<void>(storage::Connection&, const Ended&)> also;  // a further part of finalise
  bool afresh = false;                                                         // what again() says
  std::vector<Ended> ends;
  std::vector<std::string> seen;

 private:
  Bell& signal_;
};

// A store in front of the real one: a test says which writes fail, or looks on.
class WatchedDatabase : public storage::Database {
 public:
  explicit WatchedDatabase(std::unique_ptr<storage::Database> real) : real_(std::move(real)) {}

  net::Task<void> write(storage::Transaction work) override {
    if (before_write) CO_TRY(before_write());
    if (first_in_write) {
      work = [first = std::exchange(first_in_write, {}),
              work = std::move(work)](storage::Connection& connection) -> base::Result<void> {
        TRY(first(connection));
        return work(connection);
      };
    }
    auto written = co_await real_->write(std::move(work));
    if (after_write) after_write();
    if (meanwhile) co_await std::exchange(meanwhile, {})();
    if (written && instead_of_result) co_return instead_of_result();
    co_return written;
  }
  storage::Connection& reader() override { return real_->reader(); }
  net::Task<void> read(storage::Transaction work) override { return real_->read(std::move(work)); }
  base::Result<void> check() override { return real_->check(); }
  storage::DatabaseStatistics statistics() const override { return real_->statistics(); }
  net::Task<void> backup(std::string path) override { return real_->backup(std::move(path)); }
  void stop() override { real_->stop(); }

  std::function<base::Result<void>()> before_write;
  storage::Transaction first_in_write;  // once: what somebody else has written just before
  std::function<void()> after_write;
  std::function<boost::asio::awaitable<void>()> meanwhile;  // once: what others do before the writer hears of its write
  std::function<base::Result<void>()> instead_of_result;    // of a write that went well

 private:
  std::unique_ptr<storage::Database> real_;
};

inline std::unique_ptr<WatchedDatabase> open_store(net::Runtime& runtime, const std::filesystem::path& folder) {
  auto opened = storage::sqlite::open_database(runtime, folder);
  if (!opened) throw std::runtime_error(opened.error().describe());
  return std::make_unique<WatchedDatabase>(std::move(*opened));
}

// An environment row, so that executions have something to be for.
inline storage::EnvironmentRow environment_row(const base::EnvironmentId& id) {
  storage::EnvironmentRow row;
  row.id = id;
  row.name = id.str();
  row.type = "test";
  row.region = "local";
  row.status = "pending";
  row.fleet = "running";
  return row;
}

// What must hold of every execution in a database, whatever happened to the brokers that wrote it. Empty where it does.
inline std::vector<std::string> broken_invariants(storage::Connection& connection, const base::ExecutionId& id) {
  std::vector<std::string> broken;
  const auto row = storage::find_execution(connection, id);
  const auto journal = storage::journal_of(connection, id, 0, 100'000);
  if (!row || !*row || !journal) return {"unreadable"};
  std::int64_t seq = 0;
  std::map<std::string, int> outcomes;
  std::set<std::string> entered;
  bool ended = false;
  for (const auto& entry : *journal) {
    if (ended) broken.push_back("I5: a row after the end: " + entry.kind);
    if (entry.seq != seq && entry.seq != seq + 1) broken.push_back(fmt::format("I2: seq {} after {}", entry.seq, seq));
    seq = entry.seq;
    if (entry.fence != (*row)->fence) broken.push_back("I3: another fence");
    const auto visit = fmt::format("{}/{}", entry.step, entry.visit);
    if (entry.kind == "Entered" && !entered.insert(visit).second) broken.push_back("G2: entered twice: " + visit);
    if (entry.kind == "Outcome" && ++outcomes[visit] > 1) broken.push_back("I4: two outcomes of " + visit);
    if (entry.kind == "Outcome" && !entered.contains(visit)) broken.push_back("G2: outcome before entry: " + visit);
    if (entry.kind == "Ended") ended = true;
  }
  if (seq != (*row)->seq) broken.push_back(fmt::format("I2: the last seq is {}, the row's {}", seq, (*row)->seq));
  if (ended != (*row)->ended_at.has_value()) broken.push_back("I5: the journal and the row disagree on the end");
  const bool wakes =
      (*row)->wake_at || (*row)->state == "InProgress" || (*row)->state == "Pending" || (*row)->state == "Cancelling";
  if (!ended && !wakes) broken.push_back("I14: nothing wakes it");
  return broken;
}

}  // namespace slipway::workflow
