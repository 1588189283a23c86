#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>
#include <iterator>

#include "process/test_support.h"

namespace slipway::process {

namespace fs = std::filesystem;

namespace {

constexpr int kPatienceMs = 60'000;

bool ends(const Fd& fd, std::chrono::nanoseconds time) {
  pollfd news{.fd = fd.get(), .events = POLLIN, .revents = 0};
  const timespec limit{.tv_sec = time.count() / 1'000'000'000, .tv_nsec = time.count() % 1'000'000'000};
  return ::ppoll(&news, 1, &limit, nullptr) > 0;
}

// `PROGRAM broker FOLDER SCRIPT [HOLD]`: a broker that starts SCRIPT in FOLDER. With HOLD it makes that file when all
// is prepared, and never says go.
int broker(const std::vector<std::string>& words) {
  net::Runtime runtime;
  Supervisors supervisors(runtime, "/proc/self/exe", std::nullopt);
  Spec spec{.command = {"/bin/sh", "-c", words[3]}, .environment = {{"PATH", "/usr/bin:/bin"}}};
  Supervisors::BeforeGo hold;
  if (words.size() > 4) {
    hold = [&]() -> net::Task<void> {
      write_text(words[4], "prepared");
      co_await net::sleep_for(runtime, std::chrono::hours(24));
      co_return base::internal("unreachable");
    };
  }
  const auto started = net::run_to_end(runtime, [&] { return supervisors.start(words[2], spec, hold); });
  return started ? 0 : 1;
}

// `PROGRAM sweep FOLDER`: a broker that sweeps.
int sweep(const std::filesystem::path& folder) {
  net::Runtime runtime;
  Supervisors supervisors(runtime, "/proc/self/exe", std::nullopt);
  return net::run_to_end(runtime, [&] { return supervisors.sweep(folder); }) ? 0 : 1;
}

// `PROGRAM broker-cycle FOLDER NAME UID GID`: a broker that starts, watches and stops one process of that account.
int broker_cycle(const std::vector<std::string>& words) {
  net::Runtime runtime;
  const Account account{.name = words[3],
                        .uid = static_cast<uid_t>(std::stoul(words[4])),
                        .gid = static_cast<gid_t>(std::stoul(words[5]))};
  Supervisors supervisors(runtime, "/proc/self/exe", account);
  const fs::path folder = words[2];
  const Spec spec{.command = {"/bin/sh", "-c",
                              "trap 'kill -9 $!; exit 0' TERM; grep Cap /proc/self/status; echo x > ready;"
                              "while :; do sleep 1000 & wait; done"},
                  .environment = {{"PATH", "/usr/bin:/bin"}}};
  const auto started = net::run_to_end(runtime, [&] { return supervisors.start(folder, spec); });
  if (!started) {
    fmt::print("{}\n", started.error().message);
    return 1;
  }
  wait_for_file(folder / "ready");
  const bool running = supervisors.status(folder).state == State::running;
  const auto stopped = net::run_to_end(runtime, [&] { return supervisors.stop(folder); });
  const bool exited = stopped && stopped->state == State::exited && stopped->exit_code == 0;
  const auto swept = net::run_to_end(runtime, [&] { return supervisors.sweep(folder); });
  fmt::print("{} {} {}\n", running ? "running" : "lost", exited ? "exited" : "not stopped", swept ? *swept : -1);
  return 0;
}

}  // namespace

Foreign::Foreign(std::vector<std::string> command, const fs::path& directory,
                 std::map<std::string, std::string> environment) {
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  std::vector<char*> argv, envp;
  for (auto& word : command) argv.push_back(word.data());
  for (auto& variable : variables) envp.push_back(variable.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  EXPECT_EQ(::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), envp.data()), 0);
  ::posix_spawn_file_actions_destroy(&actions);
  pidfd_ = open_pidfd(pid_);
}

Foreign::~Foreign() {
  kill();
}

bool Foreign::alive() const {
  return pid_ > 0 && process::alive(pid_);
}

void Foreign::kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

bool Foreign::ends_within(std::chrono::microseconds time) {
  if (!ends(pidfd_, time)) return false;
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
  return true;
}

std::vector<std::string> this_program(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), fs::read_symlink("/proc/self/exe").native());
  return arguments;
}

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_text(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

void wait_for_file(const fs::path& path) {
  const Fd changes(::inotify_init1(IN_CLOEXEC));
  ASSERT_GE(::inotify_add_watch(changes.get(), path.parent_path().c_str(), IN_CREATE | IN_MODIFY | IN_MOVED_TO), 0);
  while (read_text(path).empty()) {
    pollfd news{.fd = changes.get(), .events = POLLIN, .revents = 0};
    ASSERT_GT(::poll(&news, 1, kPatienceMs), 0) << path << " never came";
    char events[4096];
    ASSERT_GT(::read(changes.get(), events, sizeof events), 0);
  }
}

void wait_for_end(pid_t pid) {
  const Fd pidfd = open_pidfd(pid);
  if (pidfd) EXPECT_TRUE(ends(pidfd, std::chrono::milliseconds(kPatienceMs))) << pid << " does not end";
}

bool alive(pid_t pid) {
  const auto stat = read_stat(pid);
  return stat && stat->state != 'Z';
}

void wait_until(pid_t pid, const std::string& name) {
  // Nothing tells of an exec from outside; it is a moment away.
  while (alive(pid) && read_text(fmt::format("/proc/{}/comm", pid)) != name + "\n") ::sched_yield();
}

ProcessTest::ProcessTest() {
  std::string name = fs::temp_directory_path() / "slipway-process-XXXXXX";
  place = ::mkdtemp(name.data());
  folder = place / "folder";
}

ProcessTest::~ProcessTest() {
  EXPECT_TRUE(sweep(place));
  std::error_code ignored;
  fs::remove_all(place, ignored);
}

Spec ProcessTest::shell(const std::string& script) const {
  return {.command = {"/bin/sh", "-c", script},
          .environment = {{"PATH", "/usr/bin:/bin"}, {"PLACE", place.native()}},
          .stop_grace = 60s};
}

boost::asio::awaitable<void> ProcessTest::aside(std::function<void()> work) {
  const auto done = co_await net::run_blocking<bool>(runtime, [&]() -> base::Result<bool> {
    work();
    return true;
  });
  EXPECT_TRUE(done);
}

}  // namespace slipway::process

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (argc == 3 && words[1] == "supervise") return slipway::process::supervise(words[2]);
  if (argc == 3 && words[1] == "sweep") return slipway::process::sweep(words[2]);
  if (argc >= 4 && words[1] == "broker") return slipway::process::broker(words);
  if (argc == 6 && words[1] == "broker-cycle") return slipway::process::broker_cycle(words);
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
