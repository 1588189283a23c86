#include "process/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "process/sandbox.h"

namespace slipway::process {

namespace {

enum Stage : int { enter_directory, execute, confine };  // and after `confine` what of it

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

// In memory, of any size, gone with its last descriptor.
base::Result<Fd> make_input(const std::string& text) {
  Fd file(::memfd_create("slipway-input", MFD_CLOEXEC));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return base::from_errno("cannot keep a program's input");
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

[[noreturn]] void fail(int outcome, int stage) {
  const std::array<int, 2> message{stage, errno};
  const auto written = ::write(outcome, message.data(), sizeof message);
  ::_exit(written == sizeof message ? 127 : 126);
}

struct Descriptors {
  int gate, outcome, out, err;
  int input = -1, result = -1;  // of a sandbox
};

// Above all that is placed, so that placing one descriptor never overwrites another.
int park(int fd) {
  return ::fcntl(fd, F_DUPFD_CLOEXEC, 16);
}

// Async-signal-safe calls only, but for a sandbox: its supervisor has one thread.
[[noreturn]] void child(const Image& image, pid_t parent, const Descriptors& open, const Sandbox* sandbox) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);
  ::setsid();
  const int gate = park(open.gate), outcome = park(open.outcome);
  ::dup2(open.out, STDOUT_FILENO);
  ::dup2(open.err, STDERR_FILENO);
  if (sandbox != nullptr) {
    const int result = park(open.result);
    ::dup2(open.input, STDIN_FILENO);
    ::dup2(result, kResultDescriptor);
  }
  ::close_range(STDERR_FILENO + (sandbox == nullptr ? 1 : 2), ~0U, CLOSE_RANGE_CLOEXEC);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  char word = 0;
  if (::read(gate, &word, 1) != 1) ::_exit(126);
  if (sandbox != nullptr) {
    if (const int failed = enter_sandbox(*sandbox); failed >= 0) fail(outcome, confine + failed);
  } else if (::chdir(image.directory.c_str()) != 0) {
    fail(outcome, enter_directory);
  }
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

base::Result<Program> Program::fork(const Spec& spec, const std::string& mark, const Fd& out, const Fd& err,
                                    std::optional<Confinement> confinement) {
  if (spec.command.empty() || !spec.command.front().starts_with('/')) {
    return base::invalid("a process's command must begin with the absolute path of a program");
  }
  const Image image(spec, mark);
  Pipe gate = TRY(make_pipe());
  Pipe outcome = TRY(make_pipe());
  Fd input;
  Descriptors open{.gate = gate.read.get(), .outcome = outcome.write.get(), .out = out.get(), .err = err.get()};
  if (confinement) {
    input = TRY(make_input(confinement->sandbox.input));
    open.input = input.get();
    open.result = confinement->result.get();
  }
  const pid_t parent = confinement ? 0 : ::getpid();  // in another process namespace there is none
  const pid_t pid = ::fork();
  if (pid < 0) return base::from_errno(fmt::format("cannot start {}", spec.command.front()));
  if (pid == 0) {
    // The child's own copy: were it open, the gate would never end.
    ::close(gate.write.get());
    child(image, parent, open, confinement ? &confinement->sandbox : nullptr);
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
  if (stage >= confine) {
    const auto what =
        fmt::format("cannot confine {}: the kernel did not let it {}", command_, sandbox_stage(stage - confine));
    return base::unavailable(base::from_errno(what, error).message, "NoNamespaces");
  }
  if (error == ENOENT && ::access(command_.c_str(), F_OK) == 0) {
    return base::not_found(fmt::format("cannot run {}: the interpreter or loader that it names is missing", command_));
  }
  return base::from_errno(fmt::format("cannot run {}", command_), error);
}

}  // namespace slipway::process
