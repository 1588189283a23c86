#include "server/crash_points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "server/crash_actions.h"
#include "server/crash_database.h"
#include "workflow/engine_fixture.h"

namespace slipway::server {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class CrashPointsTest : public testing::Test {
 protected:
  CrashPointsTest() {
    auto name = (fs::temp_directory_path() / "slipway-crash-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
  }
  ~CrashPointsTest() override { fs::remove_all(folder_); }

  std::vector<std::string> traced() const {
    std::vector<std::string> lines;
    std::ifstream file(folder_ / "trace");
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  // Passes three points in a child that is to be killed at `at`; gives whether it was.
  bool killed_at(const std::string& at) const {
    const pid_t child = fork();
    if (child == 0) {
      CrashPoints points({.at = at, .trace = folder_ / "trace"});
      if (!points.open()) _exit(2);
      points.pass("launch A: before the call", "id", "A");
      points.pass("launch A: before the call", "id", "A");
      points.pass("launch A: after the call", "id", "A");
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }

  fs::path folder_;
};

TEST_F(CrashPointsTest, a_name_with_its_occurrence_ends_the_process_there) {
  EXPECT_TRUE(killed_at("launch A: before the call #2"));
  EXPECT_THAT(traced(),
              ElementsAre("1\tlaunch A: before the call #1\tid\tA", "2\tlaunch A: before the call #2\tid\tA"));
}

TEST_F(CrashPointsTest, a_number_does_too) {
  EXPECT_TRUE(killed_at("3"));
  EXPECT_EQ(traced().size(), 3u);
}

TEST_F(CrashPointsTest, a_point_that_never_comes_ends_nothing) {
  EXPECT_FALSE(killed_at("launch A: after the call #2"));
  EXPECT_EQ(traced().size(), 3u);
}

TEST_F(CrashPointsTest, a_transaction_is_named_by_the_call_it_is_made_in_and_the_tables_it_changes) {
  CrashPoints points({.at = {}, .trace = folder_ / "trace"});
  ASSERT_TRUE(points.open());
  net::Runtime runtime;
  CrashDatabase database(storage::sqlite::open_database(runtime, folder_).value(), points);
  const auto write = [&](storage::Transaction work) {
    net::run_to_end(runtime, [&]() -> boost::asio::awaitable<void> { EXPECT_TRUE(co_await database.write(work)); });
  };
  write([](storage::Connection& connection) -> base::Result<void> {
    TRY(connection.execute("DELETE FROM port WHERE environment_id = 'env-1'"));
    return {};
  });
  EXPECT_THAT(traced(), IsEmpty()) << "it changed nothing";
  points.enter_call("launch Prepare");
  write([](storage::Connection& connection) {
    return storage::insert_environment(connection, workflow::environment_row(base::EnvironmentId("env-1")));
  });
  EXPECT_THAT(traced(), ElementsAre("1\tlaunch Prepare environment: before the commit #1\t\t",
                                    "2\tlaunch Prepare environment: after the commit #1\t\t"));
}

TEST_F(CrashPointsTest, a_watched_action_is_in_everything_as_it_is_by_itself) {
  class Strict final : public workflow::FakeAction {
   public:
    Strict() : FakeAction(workflow::EffectClass::unsafe, {}) {}
    std::vector<InputProblem> check(const boost::json::object&) const override {
      return {{.code = "E-RUNTIME", .input = "Runtime", .message = "no such runtime"}};
    }
    std::string refusal(const boost::json::object&) const override { return "scripts are off"; }
    bool selects_outputs() const override { return true; }
    std::chrono::seconds default_timeout() const override { return std::chrono::seconds(7); }
  };
  CrashPoints points({.at = {}, .trace = folder_ / "trace"});
  net::Runtime runtime;
  const auto database = storage::sqlite::open_database(runtime, folder_).value();
  workflow::ActionRegistry actions;
  actions.add("test:strict", std::make_unique<Strict>());
  const auto registry = with_crash_points(actions, runtime, *database, points);
  const auto& watched = *registry.find("test:strict");
  EXPECT_EQ(watched.effect_class({}), workflow::EffectClass::unsafe);
  ASSERT_EQ(watched.check({}).size(), 1u);
  EXPECT_EQ(watched.check({})[0].code, "E-RUNTIME");
  EXPECT_EQ(watched.refusal({}), "scripts are off");
  EXPECT_TRUE(watched.selects_outputs());
  EXPECT_EQ(watched.default_timeout(), std::chrono::seconds(7));
  EXPECT_THAT(watched.outputs(), ElementsAre("Id"));
}

}  // namespace
}  // namespace slipway::server
