#include "server/crash_points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

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

}  // namespace
}  // namespace slipway::server
