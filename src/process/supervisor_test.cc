#include "process/supervisor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>

#include "base/text.h"
#include "process/test_support.h"

namespace slipway::process {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

// Runs until it is asked to end, and says when it is there. A SIGTERM that meets its child between fork and exec would
// be lost on the inherited trap: hence its kill.
constexpr char kPolite[] = "trap 'kill -9 $!; exit 7' TERM; echo $$ > ready; while :; do sleep 1000 & wait; done";

struct Supervisor : ProcessTest {
  void ready() { wait_for_file(folder / "ready"); }
  pid_t pid_in(const char* file) { return std::stoi(read_text(folder / file)); }
};

TEST_F(Supervisor, a_program_runs_under_a_supervisor_until_it_is_stopped) {
  const auto started = start(shell(kPolite));
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(started->state, State::running);
  EXPECT_FALSE(started->run_id.empty());
  EXPECT_GT(started->started_at.time_since_epoch(), 0ms);
  ready();
  EXPECT_EQ(pid_in("ready"), started->pid);
  EXPECT_EQ(read_stat(started->pid)->parent, started->supervisor_pid);

  const auto stopped = stop();
  ASSERT_TRUE(stopped) << stopped.error().message;
  EXPECT_EQ(stopped->state, State::exited);
  EXPECT_EQ(stopped->exit_code, 7);
  EXPECT_EQ(stopped->run_id, started->run_id);
  EXPECT_EQ(stopped->supervisor_pid, 0);
  EXPECT_FALSE(alive(started->pid));
}

TEST_F(Supervisor, a_word_that_a_program_would_get_cut_is_refused) {
  auto spec = shell("true");
  spec.command.push_back(std::string("one\0two", 7));
  EXPECT_EQ(start(spec).error().kind, base::ErrorKind::invalid);
  spec = shell("true");
  spec.environment["WORD"] = std::string("one\0two", 7);
  EXPECT_THAT(start(spec).error().message, testing::HasSubstr("NUL"));
}

TEST_F(Supervisor, nothing_there_is_absent_and_its_stop_succeeds) {
  EXPECT_EQ(supervisors.status(folder).state, State::absent);
  ASSERT_TRUE(stop());
  EXPECT_EQ(stop()->state, State::absent);
  EXPECT_EQ(wait()->state, State::absent);
}

TEST_F(Supervisor, a_record_that_the_program_falsified_says_nothing) {
  ASSERT_TRUE(start(shell(kPolite)));
  ready();
  const auto record = read_text(folder / "running.json");
  for (const auto* member : {"started_at_ms", "stop_grace_ms", "phase"}) {
    for (const auto* value : {"9223372036854775807", "-9223372036854775808", "-1", "99999999999999999"}) {
      auto falsified = record;
      const auto at = falsified.find(std::string("\"") + member + "\":") + std::string_view(member).size() + 3;
      falsified.replace(at, falsified.find(',', at) - at, value);
      std::ofstream(folder / "running.json") << falsified;
      EXPECT_EQ(supervisors.status(folder).started_at, base::Time()) << falsified;
    }
  }
  EXPECT_EQ(stop()->exit_code, 7);
}

TEST_F(Supervisor, a_lock_that_a_program_took_hinders_no_stop) {
  ASSERT_TRUE(start(shell("kill -9 $$")));
  ASSERT_TRUE(wait());
  const Fd lock(::open((folder / "lock").c_str(), O_RDWR | O_CLOEXEC));
  struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
  ASSERT_EQ(::fcntl(lock.get(), F_OFD_SETLK, &all), 0);
  const auto stopped = stop();
  ASSERT_TRUE(stopped) << stopped.error().message;
  EXPECT_EQ(stopped->exit_signal, SIGKILL);
}

TEST_F(Supervisor, a_second_stop_finds_the_same_end) {
  ASSERT_TRUE(start(shell("kill -9 $$")));
  ASSERT_TRUE(wait());
  EXPECT_EQ(stop()->exit_signal, SIGKILL);
  EXPECT_EQ(stop()->exit_signal, SIGKILL);
  EXPECT_FALSE(stop()->exit_code);
}

TEST_F(Supervisor, a_missing_program_is_not_found_and_leaves_its_reason) {
  const auto started = start({.command = {"/usr/sbin/no-such-daemon"}});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, base::ErrorKind::not_found);
  EXPECT_THAT(started.error().message, HasSubstr("/usr/sbin/no-such-daemon"));
  ASSERT_TRUE(wait());
  EXPECT_EQ(supervisors.status(folder).state, State::exited);
  EXPECT_EQ(supervisors.status(folder).failure, started.error().message);
}

TEST_F(Supervisor, what_cannot_be_executed_is_refused_by_kind) {
  EXPECT_EQ(start({.command = {"sleep"}}).error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(start({.command = {}}).error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(start({.command = {"/etc/passwd"}}).error().kind, base::ErrorKind::forbidden);
  EXPECT_EQ(start({.command = {"/bin/true"}, .directory = "/no/such"}).error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(start({.command = {"/bin/true"}, .log = "/no/such/log"}).error().kind, base::ErrorKind::not_found);
  write_text(place / "script", "#!/no/such/interpreter\n");
  ::chmod((place / "script").c_str(), 0700);
  EXPECT_THAT(start({.command = {place / "script"}}).error().message, HasSubstr("interpreter"));
}

TEST_F(Supervisor, a_missing_supervisor_program_is_told) {
  Supervisors lame(runtime, "/no/such/slipway", std::nullopt);
  const auto started = net::run_to_end(runtime, [&] { return lame.start(folder, shell("true")); });
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, HasSubstr("/no/such/slipway"));
}

TEST_F(Supervisor, started_twice_at_once_is_one_process) {
  std::vector<std::string> runs;
  net::run_to_end(runtime, [&]() -> boost::asio::awaitable<void> {
    net::TaskGroup group(runtime);
    for (int i = 0; i < 8; ++i) {
      group.spawn("start", [&]() -> boost::asio::awaitable<void> {
        const auto started = co_await supervisors.start(folder, shell("echo run >> $PLACE/runs; exec sleep 1000"));
        runs.push_back(started ? started->run_id : started.error().message);
      });
    }
    co_await group.join();
  });
  ASSERT_EQ(runs.size(), 8u);
  EXPECT_THAT(runs, testing::Each(runs.front()));
  ASSERT_TRUE(stop());
  EXPECT_EQ(read_text(place / "runs"), "run\n");
}

TEST_F(Supervisor, after_its_end_it_starts_anew) {
  const auto first = start(shell("exit 3"));
  ASSERT_TRUE(first);
  EXPECT_EQ(wait()->exit_code, 3);
  const auto second = start(shell(kPolite));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->state, State::running);
  EXPECT_FALSE(second->exit_code);
  EXPECT_NE(second->run_id, first->run_id);
}

TEST_F(Supervisor, a_start_while_it_ends_waits_and_starts_anew) {
  // The program's end is held up by its child until $PLACE/gate lets it go.
  ASSERT_EQ(::mkfifo((place / "gate").c_str(), 0600), 0);
  const auto first = start(shell("(trap '' TERM; echo x > ready; read x < $PLACE/gate) & wait $!"));
  ASSERT_TRUE(first);
  ready();
  ::kill(first->pid, SIGKILL);
  wait_for_end(first->pid);
  std::vector<std::string> order;
  net::run_to_end(runtime, [&]() -> boost::asio::awaitable<void> {
    net::TaskGroup group(runtime);
    group.spawn("start", [&]() -> boost::asio::awaitable<void> {
      const auto second = co_await supervisors.start(folder, shell("sleep 1000"));
      order.push_back(second && second->run_id != first->run_id ? "second" : "wrong");
    });
    group.spawn("open the gate", [&]() -> boost::asio::awaitable<void> {
      co_await aside([&] {
        order.push_back("gate");
        write_text(place / "gate", "x\n");
      });
    });
    co_await group.join();
  });
  EXPECT_THAT(order, testing::ElementsAre("gate", "second"));
}

TEST_F(Supervisor, another_broker_adopts_and_learns_how_it_ended) {
  ASSERT_EQ(::mkfifo((place / "gate").c_str(), 0600), 0);
  const auto started = start(shell("read code < $PLACE/gate; exit $code"));
  ASSERT_TRUE(started);
  Supervisors other(runtime, "/proc/self/exe", std::nullopt);
  const auto adopted = net::run_to_end(runtime, [&] { return other.start(folder, shell("exit 1")); });
  ASSERT_TRUE(adopted);
  EXPECT_EQ(adopted->run_id, started->run_id);
  EXPECT_EQ(adopted->pid, started->pid);
  std::optional<Status> ended;
  net::run_to_end(runtime, [&]() -> boost::asio::awaitable<void> {
    net::TaskGroup group(runtime);
    group.spawn("wait", [&]() -> boost::asio::awaitable<void> {
      auto status = co_await other.wait(folder);
      if (status) ended = *status;
    });
    co_await aside([&] { write_text(place / "gate", "42\n"); });
    co_await group.join();
  });
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->state, State::exited);
  EXPECT_EQ(ended->exit_code, 42);
}

TEST_F(Supervisor, a_daemon_in_its_own_session_without_a_mark_ends_with_the_stop) {
  ASSERT_TRUE(
      start(shell("setsid sh -c '(cd /; exec env -i sleep 1000) & echo $! > daemon'; echo x > ready;"
                  "exec sleep 1000")));
  ready();
  const pid_t daemon = pid_in("daemon");
  EXPECT_TRUE(alive(daemon));
  ASSERT_TRUE(stop());
  EXPECT_FALSE(alive(daemon));
}

TEST_F(Supervisor, a_daemon_ends_when_its_program_ends_by_itself) {
  ASSERT_TRUE(start(shell("setsid sh -c '(cd /; exec env -i sleep 1000) & echo $! > daemon'; exit 5")));
  EXPECT_EQ(wait()->exit_code, 5);
  EXPECT_FALSE(alive(pid_in("daemon")));
}

TEST_F(Supervisor, whoever_ignores_sigterm_is_killed_after_the_grace) {
  auto stubborn = shell("trap '' TERM; echo x > ready; while :; do sleep 1000; done");
  stubborn.stop_grace = 30ms;
  ASSERT_TRUE(start(stubborn));
  ready();
  EXPECT_EQ(stop()->exit_signal, SIGKILL);
}

TEST_F(Supervisor, a_stopped_program_sees_the_stop_too) {
  const auto started = start(shell(kPolite));
  ASSERT_TRUE(started);
  ready();
  ::kill(started->pid, SIGSTOP);
  EXPECT_EQ(stop()->exit_code, 7);
}

TEST_F(Supervisor, the_program_finds_a_clean_process) {
  // A broker with a blocked signal, an ignored one, an inheritable descriptor and an environment.
  sigset_t blocked, before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  ::signal(SIGUSR1, SIG_IGN);
  const Fd open_file(::open("/dev/null", O_RDONLY));
  ::setenv("LEAKED", "1", 1);
  const auto spec = shell(
      "exec 2>&1; grep -E 'Sig(Blk|Ign)' /proc/self/status; umask; env; ls -m /proc/$$/fd;"
      "readlink /proc/$$/fd/0; ps -o sid= -p $$; pwd");
  const auto started = start(spec);
  ::unsetenv("LEAKED");
  ::signal(SIGUSR1, SIG_DFL);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ASSERT_TRUE(started);
  ASSERT_TRUE(wait());
  const auto log = read_text(folder / "log");
  EXPECT_THAT(log, HasSubstr("SigBlk:\t0000000000000000\n"));
  EXPECT_THAT(log, HasSubstr("SigIgn:\t0000000000000000\n"));
  EXPECT_THAT(log, HasSubstr("\n0077\n"));
  EXPECT_THAT(log, HasSubstr("SLIPWAY_PROCESS=" + folder.native() + "\n"));
  EXPECT_THAT(log, Not(HasSubstr("LEAKED")));
  EXPECT_THAT(log, HasSubstr("\n0, 1, 2\n"));
  EXPECT_THAT(log, HasSubstr("\n/dev/null\n"));
  EXPECT_THAT(log, HasSubstr("\n" + folder.native() + "\n"));
  struct stat info = {};
  for (const char* file : {"log", "spec.json", "running.json", "exit.json", "lock"}) {
    ASSERT_EQ(::stat((folder / file).c_str(), &info), 0) << file;
    EXPECT_EQ(info.st_mode & 0777, 0600u) << file;
  }
  ::stat(folder.c_str(), &info);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(Supervisor, both_streams_are_appended_to_the_log_of_the_spec) {
  auto spec = shell("echo out; echo err >&2");
  spec.log = place / "program.log";
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(start(spec));
    ASSERT_TRUE(wait());
  }
  EXPECT_EQ(read_text(place / "program.log"), "out\nerr\nout\nerr\n");
}

TEST_F(Supervisor, a_log_stays_within_bounds_and_keeps_its_last_lines) {
  ASSERT_TRUE(start(shell("head -c 70000000 /dev/zero | tr '\\0' '\\n'; echo last words")));
  ASSERT_TRUE(wait());
  EXPECT_EQ(std::filesystem::file_size(folder / "log.1"), 64u << 20);
  const auto left = read_text(folder / "log");
  EXPECT_LE(left.size(), 16u << 10);
  EXPECT_THAT(left, EndsWith("\n\nlast words\n"));
}

TEST_F(Supervisor, what_is_awaited_before_go_finds_nothing_executed_and_can_call_it_off) {
  State seen = State::absent;
  const auto refuse = [&]() -> net::Task<void> {
    seen = supervisors.status(folder).state;
    co_return base::conflict("no longer wanted");
  };
  const auto spec = shell("echo x > $PLACE/executed");
  const auto started = net::run_to_end(runtime, [&] { return supervisors.start(folder, spec, refuse); });
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().message, "no longer wanted");
  EXPECT_EQ(seen, State::starting);
  ASSERT_TRUE(wait());
  EXPECT_EQ(supervisors.status(folder).state, State::absent);
  EXPECT_FALSE(std::filesystem::exists(place / "executed"));
}

TEST_F(Supervisor, a_start_that_is_called_off_leaves_the_end_of_the_former_run) {
  ASSERT_TRUE(start(shell("exit 3")));
  const auto former = wait();
  State seen = State::absent;
  const auto refuse = [&]() -> net::Task<void> {
    seen = supervisors.status(folder).state;
    co_return base::conflict("no longer wanted");
  };
  EXPECT_FALSE(net::run_to_end(runtime, [&] { return supervisors.start(folder, shell("true"), refuse); }));
  EXPECT_EQ(seen, State::starting);
  const auto after = wait();
  EXPECT_EQ(after->exit_code, 3);
  EXPECT_EQ(after->run_id, former->run_id);
}

TEST_F(Supervisor, a_folder_has_one_name_however_it_is_written) {
  const auto started = start(shell(kPolite));
  ASSERT_TRUE(started);
  EXPECT_EQ(supervisors.status(place / "x" / ".." / "folder" / "").run_id, started->run_id);
}

TEST_F(Supervisor, by_hand_it_explains_itself) {
  const auto ran = run({.command = this_program({"supervise", folder})});
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->exit_code, 2);
  EXPECT_THAT(ran->err, HasSubstr("only a broker"));
}

// The program runs as the account that the folder belongs to.
TEST_F(Supervisor, a_program_that_replaces_the_folders_files_is_ended_all_the_same) {
  for (const char* replace :
       {"mkfifo $f", "ln -s $f $f", "ln -s /dev/zero $f", "mkdir $f", "touch $f", "touch $f; chmod 0 $f", ":"}) {
    SCOPED_TRACE(replace);
    const auto started = start(
        shell(fmt::format("for f in lock *.json log; do rm -rf $f; {}; done; mkfifo exit.json.tmp running.json.tmp;"
                          "echo x > $PLACE/replaced; sleep 1000",
                          replace)));
    ASSERT_TRUE(started) << started.error().message;
    wait_for_file(place / "replaced");
    const auto stopped = stop();
    EXPECT_TRUE(stopped) << stopped.error().message;
    EXPECT_NE(supervisors.status(folder).state, State::running);
    std::filesystem::remove(place / "replaced");
    std::filesystem::remove_all(folder);
    for (const auto& process : list_processes()) {
      EXPECT_THAT(read_proc(fmt::format("/proc/{}/environ", process.pid)), Not(HasSubstr(folder.native())));
    }
  }
}

TEST_F(Supervisor, an_end_that_nobody_guarded_is_not_believed) {
  ASSERT_TRUE(start(shell("cp running.json exit.json; rm lock; touch lock; echo $$ > $PLACE/first; sleep 1000")));
  wait_for_file(place / "first");
  ASSERT_TRUE(stop());
  EXPECT_FALSE(alive(std::stoi(read_text(place / "first"))));
}

TEST_F(Supervisor, a_start_over_replaced_files_ends_who_replaced_them) {
  for (const std::string replaced : {"mkfifo lock", "touch lock; chmod 0 lock"}) {
    std::filesystem::remove(place / "first");
    ASSERT_TRUE(start(shell("rm lock; " + replaced + "; echo $$ > $PLACE/first; sleep 1000")));
    wait_for_file(place / "first");
    const pid_t first = std::stoi(read_text(place / "first"));
    const auto second = start(shell(kPolite));
    ASSERT_TRUE(second) << replaced << second.error().message;
    EXPECT_EQ(second->state, State::running);
    EXPECT_FALSE(alive(first)) << replaced;
    ASSERT_TRUE(stop());
  }
  // Of a log that nobody reads the start says so, and does not wait for a reader.
  std::filesystem::remove(folder / "log");
  ASSERT_EQ(::mkfifo((folder / "log").c_str(), 0600), 0);
  EXPECT_THAT(start(shell(kPolite)).error().message, HasSubstr("cannot open the log"));
}

}  // namespace
}  // namespace slipway::process
