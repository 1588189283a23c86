#include "process/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <vector>

namespace slipway::process {

namespace {

enum Stage : int { enter_directory, execute };

struct Pipe {
  Fd read;
  Fd write;
};

base::Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::from_errno("cannot make a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// What the child needs, made ready before the fork: after it nothing is allocated.
struct Image {
  Image(const Spec& spec, const std::string& mark) : directory(spec.directory.native()) {
    auto environment = spec.environment;
    if (!mark.empty()) environment["SLIPWAY_PROCESS"] = mark;
    for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
    for (const auto& word : spec.command) arguments.push_back(word);
    for (auto& word : arguments) argv.push_back(word.data());
    for (auto& variable : variables) envp.push_back(variable.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
  }
  Image(const Image&) = delete;

  std::string directory;
  std::vector<std::string> arguments, variables;
  std::vector<char*> argv, envp;
};

[[noreturn]] void fail(int outcome, Stage stage) {
  const std::array<int, 2> message{stage, errno};
  const auto written = ::write(outcome, message.data(), sizeof message);
  ::_exit(written == sizeof message ? 127 : 126);
}

// Async-signal-safe calls only.
[[noreturn]] void child(const Image& image, pid_t supervisor, int gate, int outcome, int out, int err) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != supervisor) ::_exit(126);
  ::setsid();
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  char word = 0;
  if (::read(gate, &word, 1) != 1) ::_exit(126);
  if (::chdir(image.directory.c_str()) != 0) fail(outcome, enter_directory);
  ::execve(image.argv[0], image.argv.data(), image.envp.data());
  fail(outcome, execute);
}

}  // namespace

Program::Program(pid_t pid, Fd gate, Fd outcome, const Spec& spec)
    : pid_(pid),
      gate_(std::move(gate)),
      outcome_(std::move(outcome)),
      command_(spec.command.front()),
      directory_(spec.directory.native()) {}

base::Result<Program> Program::fork(const Spec& spec, const std::string& mark, const Fd& out, const Fd& err) {
  if (spec.command.empty() || !spec.command.front().starts_with('/')) {
    return base::invalid("a process's command must begin with the absolute path of a program");
  }
  const Image image(spec, mark);
  Pipe gate = TRY(make_pipe());
  Pipe outcome = TRY(make_pipe());
  const pid_t supervisor = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return base::from_errno(fmt::format("cannot start {}", spec.command.front()));
  if (pid == 0) {
    // The child's own copy: were it open, the gate would never end.
    ::close(gate.write.get());
    child(image, supervisor, gate.read.get(), outcome.write.get(), out.get(), err.get());
  }
  return Program(pid, std::move(gate.write), std::move(outcome.read), spec);
}

base::Result<void> Program::release() {
  // Where somebody kills the child at this moment, the outcome is empty and its wait status tells.
  if (::write(gate_.get(), "x", 1) != 1) {
    ::waitpid(pid_, nullptr, 0);
    return base::unavailable(fmt::format("{} was killed before it was started", command_));
  }
  std::array<int, 2> message{};
  const ssize_t size = ::read(outcome_.get(), message.data(), sizeof message);
  if (size != sizeof message) return {};  // closed by execve
  ::waitpid(pid_, nullptr, 0);
  return explain(message[0], message[1]);
}

base::Error Program::explain(int stage, int error) const {
  if (stage == enter_directory) {
    auto why = base::from_errno(fmt::format("cannot enter the working directory {}", directory_), error);
    if (why.kind == base::ErrorKind::not_found) why.kind = base::ErrorKind::invalid;
    return why;
  }
  if (error == ENOENT && ::access(command_.c_str(), F_OK) == 0) {
    return base::not_found(fmt::format("cannot run {}: the interpreter or loader that it names is missing", command_));
  }
  return base::from_errno(fmt::format("cannot run {}", command_), error);
}

}  // namespace slipway::process
