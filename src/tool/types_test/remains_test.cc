#include "tool/types_test/remains.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <sstream>

#include "cli/subprocess.h"
#include "tool/test_support.h"
#include "workflow/engine_fixture.h"

namespace slipway::tool {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Programs such as supervisors start, and the database of a broker that has ended.
class Remains : public testing::Test {
 protected:
  ~Remains() override {
    for (const pid_t pid : started_) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }

  void start(const std::string& process, const std::string& seconds) {
    cli::Subprocess program{.command = {"/bin/sleep", seconds},
                            .variables = {{"SLIPWAY_PROCESS", environments_ / process}}};
    const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    started_.push_back(cli::start(program, nowhere, nowhere, false).value());
    close(nowhere);
  }

  void write(std::string_view sql) {
    net::Runtime runtime;
    auto database = storage::sqlite::open_database(runtime, broker_.data()).value();
    net::run_to_end(runtime, [&]() -> boost::asio::awaitable<void> {
      const auto written = co_await database->write([sql](storage::Connection& connection) -> base::Result<void> {
        TRY(connection.execute(sql));
        return {};
      });
      EXPECT_TRUE(written) << (written ? "" : written.error().describe());
    });
    database->stop();
  }

  TemporaryFolder folder_;
  std::ostringstream out_, err_;
  cli::Context context_{.out = out_,
                        .err = err_,
                        .variables = [](const std::string&) { return std::nullopt; },
                        .transport = {},
                        .pause = {}};
  TestBroker broker_{context_,
                     {.folder = folder_.path(), .types_dir = {}, .shared = {}, .first_port = 1, .last_port = 1}};
  std::filesystem::path environments_ = broker_.environments();
  std::vector<pid_t> started_;
};

TEST_F(Remains, a_program_that_runs_twice_is_seen_and_two_different_ones_are_not) {
  ProgramWatch watch(environments_);
  start("env-1/process/a", "1001");
  start("env-1/process/b", "1002");
  watch.look();
  watch.look();
  EXPECT_THAT(watch.programs(), ElementsAre("process/a", "process/b"));
  EXPECT_THAT(watch.doubles(), IsEmpty());
  start("env-1/process/b", "1002");
  watch.look();
  EXPECT_THAT(watch.doubles(), IsEmpty()) << "one look may see a fork";
  watch.look();
  EXPECT_THAT(watch.doubles(), ElementsAre("runs twice: /bin/sleep 1002 "));
}

TEST_F(Remains, what_is_left_is_named) {
  std::filesystem::create_directories(broker_.data());
  write("DELETE FROM port");
  std::filesystem::create_directories(environments_ / ".mark");
  EXPECT_THAT(orphans(broker_).value(), IsEmpty());
  std::filesystem::create_directories(environments_ / "env-1");
  start("env-1/process/a", "1003");
  write(
      "INSERT INTO environment (id, name, type, region, owner, status, rolled_back, rolling_back, failure_code, "
      "failure_reason, parameters, tags, request_document, outputs, fleet, fleet_updated_at, created_at, updated_at, "
      "correlation_id, version) VALUES ('env-1', 'one', 'test', 'local', '', 'terminating', 0, 0, '', '', '{}', "
      "'{}', '', '{}', 'running', 0, 0, 0, '', 1)");
  write("INSERT INTO port (port, environment_id, reserved_at) VALUES (20001, 'env-1', 0)");
  write(
      "INSERT INTO resource (environment_id, kind, locator, region, token, state, recorded_at) VALUES ('env-1', "
      "'folder', '/x', 'local', '', 'intent', 0)");
  EXPECT_THAT(orphans(broker_).value(),
              ElementsAre("port row 20001", "resource folder /x is intent", "environment one is terminating",
                          HasSubstr("sleep"), (environments_ / "env-1").native()));
}

TEST_F(Remains, what_verify_finds_broken_and_what_was_done_twice_is_told) {
  std::filesystem::create_directories(broker_.data());
  write("DELETE FROM port");
  EXPECT_THAT(broken_invariants(broker_).value(), IsEmpty());
  write(
      "INSERT INTO journal (execution_id, seq, fence, step, visit, attempt, kind, at, payload) VALUES "
      "('x', 0, 1, 'A', 1, 1, 'Entered', 0, '{}'), ('x', 1, 1, 'A', 1, 1, 'Outcome', 0, '{}'), "
      "('x', 2, 1, 'A', 1, 1, 'Outcome', 0, '{}')");
  write(
      "INSERT INTO effect (execution_id, step, visit, generation, token, action, effect_class, request_hash, state, "
      "sends, first_sent, last_sent, outcome) VALUES ('x', 'A', 1, 0, 't', 'local:x', 'unsafe', '', 'known_ok', "
      "2, 0, 0, '{}')");
  const auto told = broken_invariants(broker_).value();
  EXPECT_THAT(told, Contains("the unsafe call of A was made 2 times"));
  EXPECT_THAT(told, Contains("I4: execution x: step A, visit 1, has 2 rows of kind Outcome"));
}

}  // namespace
}  // namespace slipway::tool
