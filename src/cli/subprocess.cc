#include "cli/subprocess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "cli/exit_code.h"
#include "cli/interrupts.h"

extern char** environ;

namespace slipway::cli {

namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kOutputLimitBytes = 1 << 20;

struct Pipe {
  int read = -1;
  int write = -1;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) == 0) read = ends[0], write = ends[1];
  }
  ~Pipe() {
    close_write();
    if (read >= 0) ::close(read);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_write() {
    if (write >= 0) ::close(std::exchange(write, -1));
  }
};

struct Prepared {
  std::vector<std::string> variables;
  std::vector<char*> words;
  std::vector<char*> environment;
};

// Everything that allocates happens before fork.
Prepared prepare(const Subprocess& what) {
  Prepared made;
  for (char** one = environ; *one; ++one) {
    std::string_view text = *one;
    if (!what.variables.contains(std::string(text.substr(0, text.find('='))))) made.variables.emplace_back(text);
  }
  for (const auto& [name, value] : what.variables) made.variables.push_back(name + "=" + value);
  for (const auto& word : what.command) made.words.push_back(const_cast<char*>(word.c_str()));
  for (auto& variable : made.variables) made.environment.push_back(variable.data());
  made.words.push_back(nullptr);
  made.environment.push_back(nullptr);
  return made;
}

// In the child: only async-signal-safe calls. Reports errno through `report` where the program cannot be run.
[[noreturn]] void become_program(const Subprocess& what, Prepared& prepared, int in, int out, int err, bool session,
                                 bool die_with_us, pid_t parent, int report) {
  if (session) {
    ::setsid();
  } else {
    ::setpgid(0, 0);
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(err, 2);
  int number = what.account ? become(*what.account) : 0;
  if (number == 0 && !what.directory.empty() && ::chdir(what.directory.c_str()) != 0) number = errno;
  if (die_with_us) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(127);  // it ended before we asked
  }
  if (number == 0) {
    ::execvpe(prepared.words.front(), prepared.words.data(), prepared.environment.data());
    number = errno;
  }
  [[maybe_unused]] auto ignored = ::write(report, &number, sizeof number);
  ::_exit(127);
}

base::Result<pid_t> launch(const Subprocess& what, int in, int out, int err, bool session, bool die_with_us) {
  Prepared prepared = prepare(what);
  Pipe report;
  if (report.read < 0) return base::from_errno("Making a pipe");
  pid_t parent = ::getpid();
  pid_t pid = ::fork();
  if (pid < 0) return base::from_errno("Starting " + what.command.front());
  if (pid == 0) become_program(what, prepared, in, out, err, session, die_with_us, parent, report.write);
  report.close_write();
  int number = 0;
  if (::read(report.read, &number, sizeof number) != sizeof number) return pid;  // closed by exec: it runs
  ::waitpid(pid, nullptr, 0);
  // EACCES: also where PATH holds a folder that this account may not enter.
  bool searched = what.command.front().find('/') == std::string::npos;
  if (number == ENOENT || (number == EACCES && searched))
    return base::not_found(fmt::format("There is no program '{}'.", what.command.front()));
  return base::from_errno("Running " + what.command.front(), number);
}

int exit_code_of_status(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Reads until the other end is closed; an Error where the time or the person ended it.
base::Result<std::string> drain(int from, SteadyClock::time_point until) {
  std::string text;
  for (;;) {
    auto left = std::chrono::ceil<milliseconds>(until - SteadyClock::now()).count();
    if (left <= 0) return base::timed_out("");
    if (interrupts() > 0) return interrupted();
    pollfd waited[2] = {{from, POLLIN, 0}, {interrupt_descriptor(), POLLIN, 0}};
    if (::poll(waited, 2, static_cast<int>(left)) <= 0 || waited[0].revents == 0) continue;
    char buffer[8192];
    auto got = ::read(from, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    if (text.size() < kOutputLimitBytes) text.append(buffer, got);
  }
}

}  // namespace

base::Result<Finished> run_to_end(const Subprocess& what, milliseconds limit) {
  Pipe output, input;
  if (output.read < 0 || input.read < 0) return base::from_errno("Making a pipe");
  // Small inputs fit into the pipe, so that nobody has to write while we read.
  if (!what.input.empty() && ::write(input.write, what.input.data(), what.input.size()) < 0) {
    return base::from_errno("Writing to " + what.command.front());
  }
  input.close_write();
  pid_t pid = TRY(launch(what, input.read, output.write, output.write, false, false));
  output.close_write();
  auto text = drain(output.read, SteadyClock::now() + limit);
  if (!text) ::kill(-pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (text) return Finished{exit_code_of_status(status), std::move(*text)};
  if (text.error().kind != base::ErrorKind::timed_out) return std::move(text).error();
  return base::timed_out(fmt::format("'{}' did not end within {} s.", what.command.front(), limit.count() / 1000));
}

base::Result<pid_t> start(const Subprocess& what, int out, int err, bool die_with_us) {
  int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  auto pid = launch(what, nothing, out, err, true, die_with_us);
  if (nothing >= 0) ::close(nothing);
  return pid;
}

}  // namespace slipway::cli
