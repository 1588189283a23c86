#include "process/helper.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "process/io.h"

namespace slipway::process {

namespace {

// Above all that the supervisor finds open, so that placing one descriptor never overwrites another.
constexpr int kParking = 16;

Fd park(Fd fd) {
  return Fd(fd ? ::fcntl(fd.get(), F_DUPFD_CLOEXEC, kParking) : -1);
}

struct Ends {
  Fd ours;
  Fd theirs;
};

Ends make_socket() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return {};
  return {.ours = Fd(ends[0]), .theirs = park(Fd(ends[1]))};
}

Ends make_output() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  Ends made{.ours = Fd(ends[0]), .theirs = park(Fd(ends[1]))};
  ::fcntl(made.ours.get(), F_SETFL, O_NONBLOCK);
  return made;
}

// In memory, of any size, gone with its last descriptor: the environment of a process may hold secrets.
Fd make_request_file(const Request& request) {
  const auto text = to_json(request);
  Fd file = park(Fd(::memfd_create("slipway-request", MFD_CLOEXEC)));
  const auto size = static_cast<ssize_t>(text.size());
  if (!file || ::write(file.get(), text.data(), text.size()) != size) return {};
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

class SpawnPlan {
 public:
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    ::sigemptyset(&none);
    // Not sigfillset: it leaves out two signals that glibc keeps for itself, and the spawn would have those ignored.
    std::memset(&all, 0xff, sizeof all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }

  void place(const Fd& fd, Descriptor as) { ::posix_spawn_file_actions_adddup2(&actions_, fd.get(), as); }

  // Everything from `first_closed` on is closed. Gives errno, or 0.
  int spawn(const std::filesystem::path& program, std::string argument, int first_closed, pid_t& pid) {
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, first_closed);
    std::string name = "slipway", verb = "supervise";
    std::array<char*, 4> argv{name.data(), verb.data(), argument.data(), nullptr};
    char* const no_environment[] = {nullptr};
    return ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, argv.data(), no_environment);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

}  // namespace

base::Result<Helper> Helper::spawn(const std::filesystem::path& program, const Request& request) {
  const bool run = request.mode == Request::Mode::run;
  Ends control = make_socket();
  Ends out = run ? make_output() : Ends{};
  Ends err = run ? make_output() : Ends{};
  Ends result = request.sandbox ? make_output() : Ends{};
  const Fd file = make_request_file(request);
  if (!control.theirs || !file || (run && (!out.theirs || !err.theirs)) || (request.sandbox && !result.theirs)) {
    return base::from_errno("cannot start a supervisor");
  }
  SpawnPlan plan;
  plan.place(control.theirs, Descriptor::kControl);
  plan.place(file, Descriptor::kRequest);
  if (run) {
    plan.place(out.theirs, Descriptor::kOut);
    plan.place(err.theirs, Descriptor::kErr);
  }
  if (request.sandbox) plan.place(result.theirs, Descriptor::kResult);
  // In its command line a supervisor bears the folder that it guards. One that sweeps guards none.
  const auto argument = request.mode == Request::Mode::start ? request.folder.native() : std::string("-");
  const int first_closed = (request.sandbox ? kResult : run ? kErr : kRequest) + 1;
  pid_t pid = 0;
  if (const int error = plan.spawn(program, argument, first_closed, pid)) {
    auto why = base::from_errno(fmt::format("cannot start a supervisor ({})", program.native()), error);
    why.kind = error == EAGAIN || error == ENOMEM ? base::ErrorKind::unavailable : base::ErrorKind::internal;
    return why;
  }
  Helper helper;
  helper.pidfd_ = open_pidfd(pid);  // ours and not reaped: the pid is its own
  helper.control_ = std::move(control.ours);
  helper.out_ = std::move(out.ours);
  helper.err_ = std::move(err.ours);
  helper.result_ = std::move(result.ours);
  if (!helper.pidfd_) return base::from_errno("cannot watch a supervisor");
  return helper;
}

net::Task<Report> Helper::report(net::Runtime& runtime) const {
  co_await readable(runtime, control_);
  std::string text(64 << 10, '\0');
  const ssize_t size = ::recv(control_.get(), text.data(), text.size(), MSG_DONTWAIT);
  if (size <= 0) co_return base::unavailable("the supervisor was killed before it could tell how it went");
  text.resize(static_cast<std::size_t>(size));
  auto report = CO_TRY(parse_report(text));
  if (report.error) co_return std::move(*report.error);
  co_return report;
}

void Helper::go() const {
  // A supervisor that is gone is noticed at its next report.
  (void)::send(control_.get(), kGo.data(), kGo.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace slipway::process
