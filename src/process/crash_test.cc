// Brokers and supervisors that are killed at the worst moments.

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <boost/json.hpp>
#include <random>
#include <thread>

#include "base/text.h"
#include "process/test_support.h"

namespace slipway::process {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kLong[] = "echo $$ > ready; exec sleep 1000";

struct ProcessCrash : ProcessTest {
  Status started(const Spec& spec) {
    const auto status = start(spec);
    EXPECT_TRUE(status) << status.error().message;
    wait_for_file(folder / "ready");
    return status ? *status : Status{};
  }
  // A program that shook off its supervisor and every mark of the folder.
  Status outliving() {
    const auto status = start({.command = {"/usr/bin/setpriv", "--pdeathsig", "clear", "/usr/bin/env", "-i", "/bin/sh",
                                           "-c", "cd /; exec sleep 1000"}});
    EXPECT_TRUE(status);
    if (status) wait_until(status->pid, "sleep");
    return status ? *status : Status{};
  }
  // Nobody cleans up after it.
  void kill_supervisor(const Status& status) {
    ASSERT_GT(status.supervisor_pid, 0);
    ::kill(status.supervisor_pid, SIGKILL);
    wait_for_end(status.supervisor_pid);
  }
};

TEST_F(ProcessCrash, a_broker_that_dies_before_go_leaves_nothing_executed) {
  const auto prepared = place / "prepared";
  Foreign broker(this_program({"broker", folder, "echo x > " + (place / "executed").native(), prepared}));
  wait_for_file(prepared);
  EXPECT_EQ(supervisors.status(folder).state, State::starting);
  broker.kill();
  ASSERT_TRUE(wait());
  EXPECT_EQ(supervisors.status(folder).state, State::absent);
  EXPECT_FALSE(std::filesystem::exists(place / "executed"));
}

TEST_F(ProcessCrash, a_starter_waits_for_another_that_prepares_and_goes_on_when_that_one_dies) {
  const auto prepared = place / "prepared";
  Foreign broker(this_program({"broker", folder, "echo x > " + (place / "executed").native(), prepared}));
  wait_for_file(prepared);
  std::vector<std::string> order;
  net::run_to_end(runtime, [&]() -> boost::asio::awaitable<void> {
    net::TaskGroup group(runtime);
    group.spawn("start", [&]() -> boost::asio::awaitable<void> {
      const auto status = co_await supervisors.start(folder, shell(kLong));
      order.push_back(status && status->state == State::running ? "started" : "failed");
    });
    group.spawn("kill", [&]() -> boost::asio::awaitable<void> {
      order.push_back("killed");
      broker.kill();
      co_return;
    });
    co_await group.join();
  });
  EXPECT_THAT(order, testing::ElementsAre("killed", "started"));
  EXPECT_FALSE(std::filesystem::exists(place / "executed"));
}

TEST_F(ProcessCrash, a_stop_ends_a_supervisor_that_waits_for_go) {
  const auto prepared = place / "prepared";
  Foreign broker(this_program({"broker", folder, "true", prepared}));
  wait_for_file(prepared);
  const auto stopped = stop();
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->state, State::absent);
}

TEST_F(ProcessCrash, the_program_ends_with_a_killed_supervisor_and_the_status_says_so) {
  const auto status = started(shell(kLong));
  kill_supervisor(status);
  wait_for_end(status.pid);
  const auto now = supervisors.status(folder);
  EXPECT_EQ(now.state, State::exited);
  EXPECT_THAT(now.failure, HasSubstr("the supervisor was killed"));
  EXPECT_FALSE(now.exit_code);
  EXPECT_EQ(now.run_id, status.run_id);
}

TEST_F(ProcessCrash, a_stop_finds_what_a_killed_supervisor_left) {
  const auto status = started(shell("setsid sh -c 'cd /; exec sleep 1000' & echo $! > daemon; echo x > ready; wait"));
  const pid_t daemon = std::stoi(read_text(folder / "daemon"));
  kill_supervisor(status);
  EXPECT_TRUE(alive(daemon));
  const auto stopped = stop();
  ASSERT_TRUE(stopped) << stopped.error().message;
  EXPECT_EQ(stopped->state, State::exited);
  EXPECT_FALSE(alive(daemon));
}

TEST_F(ProcessCrash, a_stop_finds_the_recorded_program_even_without_a_mark) {
  const auto status = outliving();
  kill_supervisor(status);
  EXPECT_TRUE(alive(status.pid));
  ASSERT_TRUE(stop());
  EXPECT_FALSE(alive(status.pid));
}

TEST_F(ProcessCrash, a_start_ends_the_program_that_outlived_its_supervisor) {
  const auto status = outliving();
  kill_supervisor(status);
  const auto again = start(shell(kLong));
  ASSERT_TRUE(again);
  EXPECT_NE(again->pid, status.pid);
  EXPECT_FALSE(alive(status.pid));
}

TEST_F(ProcessCrash, after_a_killed_supervisor_it_starts_anew) {
  const auto status = started(shell(kLong));
  kill_supervisor(status);
  const auto again = start(shell(kLong));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->state, State::running);
  EXPECT_NE(again->run_id, status.run_id);
}

TEST_F(ProcessCrash, a_pid_that_is_somebody_elses_now_is_not_touched) {
  const auto status = started(shell(kLong));
  kill_supervisor(status);
  wait_for_end(status.pid);
  const Foreign other({"/bin/sleep", "1000"});
  const auto path = folder / "running.json";
  auto record = boost::json::parse(read_text(path)).as_object();
  record["program"] = {{"pid", other.pid()}, {"started", read_stat(other.pid())->started - 1}, {"boot_id", boot_id()}};
  write_text(path, boost::json::serialize(record));
  ASSERT_TRUE(stop());
  EXPECT_TRUE(other.alive());
}

TEST_F(ProcessCrash, a_record_of_another_boot_names_nobody) {
  const auto status = started(shell(kLong));
  kill_supervisor(status);
  wait_for_end(status.pid);
  const Foreign other({"/bin/sleep", "1000"});
  const auto path = folder / "running.json";
  auto record = boost::json::parse(read_text(path)).as_object();
  record["program"] = {{"pid", other.pid()}, {"started", read_stat(other.pid())->started}, {"boot_id", "before"}};
  write_text(path, boost::json::serialize(record));
  EXPECT_THAT(supervisors.status(folder).failure, HasSubstr("restarted"));
  ASSERT_TRUE(stop());
  EXPECT_TRUE(other.alive());
}

TEST_F(ProcessCrash, files_that_are_no_records_are_seen_as_none) {
  const auto status = started(shell(kLong));
  kill_supervisor(status);
  for (const char* text : {"", "{", "[]", "{\"run_id\": 3}", "{\"run_id\":\"x\",\"phase\":1}"}) {
    write_text(folder / "running.json", text);
    EXPECT_EQ(supervisors.status(folder).state, State::absent) << text;
  }
  started(shell(kLong));
  std::filesystem::rename(folder / "running.json", place / "elsewhere.json");
  std::filesystem::create_symlink(place / "elsewhere.json", folder / "running.json");
  EXPECT_EQ(supervisors.status(folder).pid, 0);
  ASSERT_TRUE(stop());
  std::filesystem::rename(folder / "exit.json", place / "elsewhere.json");
  std::filesystem::create_symlink(place / "elsewhere.json", folder / "exit.json");
  EXPECT_FALSE(supervisors.status(folder).exit_signal);
}

// Two brokers at a time start the same process and are killed at random moments; now and then it is stopped between.
// The program would leave a word if it ever ran twice at once.
TEST_F(ProcessCrash, however_brokers_are_killed_at_most_one_program_runs) {
  const auto script = fmt::format(
      "exec 9>>{0}/alone; flock -n 9 || echo twice >> {0}/twice; echo $$ >> {0}/runs; exec sleep 1000", place.native());
  const auto command = this_program({"broker", folder, script});
  const auto seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  std::chrono::microseconds whole = 60s;  // what a broker took that was let be
  int killed = 0;
  const auto broker_until = [&](double part) {
    const auto begin = std::chrono::steady_clock::now();
    Foreign broker(command);
    if (broker.ends_within(std::chrono::duration_cast<std::chrono::microseconds>(part * whole))) {
      whole = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
    } else {
      ++killed;
    }
    broker.kill();
  };
  broker_until(1);
  std::uniform_real_distribution<double> part(0, 1.2);
  for (int round = 0; round < 50; ++round) {
    if (round % 2 == 0) ASSERT_TRUE(stop());
    std::thread other([&command, time = whole / 2] { Foreign(command).ends_within(time); });
    broker_until(part(random));
    other.join();
  }
  EXPECT_GT(killed, 10);
  const auto last = start(shell(script));
  ASSERT_TRUE(last) << last.error().message;
  EXPECT_EQ(last->state, State::running);
  EXPECT_TRUE(alive(last->pid));
  EXPECT_FALSE(std::filesystem::exists(place / "twice"));
  ASSERT_TRUE(stop());
  // Supervisors of killed brokers may still be on their way out; no program is.
  const auto runs = read_text(place / "runs");
  for (const auto pid : base::split(base::trim(runs), '\n')) {
    EXPECT_THAT(read_text(fmt::format("/proc/{}/environ", pid)), Not(HasSubstr(place.native())));
  }
}

}  // namespace
}  // namespace slipway::process
