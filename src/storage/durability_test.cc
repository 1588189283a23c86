// Conformance of a store: what it acknowledged survives kill -9 of the process that wrote it.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "storage/store_fixture.h"

namespace slipway::storage {
namespace {

using Awaitable = boost::asio::awaitable<void>;

constexpr const char* kChildsPlace = "SLIPWAY_TEST_STORE_PLACE";
constexpr int kAcknowledged = 3;  // the child's descriptor of the pipe

// In a child process: eight tasks write numbers for ever, and tell each one that was acknowledged to the parent.
[[noreturn]] void write_until_killed(const StoreFactory& store, const std::filesystem::path& place) {
  net::Runtime runtime;
  auto database = store.open(runtime, place);
  int next = 0;
  run_to_end(runtime, [&]() -> Awaitable {
    net::TaskGroup group(runtime);
    for (int task = 0; task < 8; ++task) {
      group.spawn("writer", [&]() -> Awaitable {
        for (;;) {
          const int number = next++;
          if (!(co_await database->write(note(std::to_string(number))))) _exit(1);
          if (::write(kAcknowledged, &number, sizeof number) != sizeof number) _exit(2);
        }
      });
    }
    co_await group.join();
  });
  _exit(3);
}

// Runs this very test in a new process (a fork of one with threads is not enough), which then takes the child's part.
// Its own temporary folder lies in `place` too, as nobody else would remove it.
pid_t start_child(const std::filesystem::path& place, int acknowledged) {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const auto filter = std::string("--gtest_filter=") + test->test_suite_name() + "." + test->name();
  std::vector<std::string> variables = {kChildsPlace + ("=" + place.string()), "TMPDIR=" + place.string()};
  std::string program = std::filesystem::read_symlink("/proc/self/exe");
  std::vector<char*> arguments = {program.data(), const_cast<char*>(filter.c_str()), nullptr};
  std::vector<char*> environment = {variables[0].data(), variables[1].data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, acknowledged, kAcknowledged);
  pid_t child = -1;
  const int failed = posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  return failed ? -1 : child;
}

TEST_P(Store, every_acknowledged_write_survives_kill_9) {
  if (const char* place = std::getenv(kChildsPlace)) write_until_killed(GetParam(), place);
  database.reset();
  std::vector<std::string> expected;
  for (const int kill_after : {1, 7, 100, 333}) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = start_child(folder.path(), ends[1]);
    ASSERT_GT(child, 0);
    close(ends[1]);
    int number = 0;
    for (int i = 0; ::read(ends[0], &number, sizeof number) == sizeof number; ++i) {
      expected.push_back(std::to_string(number));
      if (i == kill_after) kill(child, SIGKILL);
    }
    close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself: " << WEXITSTATUS(status);

    open();
    auto stored = notes(database->reader());
    EXPECT_GE(stored.size(), expected.size());
    std::sort(stored.begin(), stored.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_TRUE(std::includes(stored.begin(), stored.end(), expected.begin(), expected.end()));
    ASSERT_TRUE(write(note("after")));
    database.reset();
  }
}

}  // namespace
}  // namespace slipway::storage
