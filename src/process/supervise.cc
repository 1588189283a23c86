// The supervisor: what `slipway supervise FOLDER` does. Never has a second thread.

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <iterator>

#include "base/ids.h"
#include "process/account.h"
#include "process/bounded_log.h"
#include "process/family.h"
#include "process/folder_lock.h"
#include "process/message.h"
#include "process/program.h"
#include "process/run_folder.h"
#include "process/sandbox.h"
#include "process/supervisor.h"
#include "process/sweep.h"

namespace slipway::process {

namespace {

constexpr std::size_t kMostLogBytes = 64 << 20;

class Broker {
 public:
  // False where the broker is gone.
  bool tell(const Report& report) const {
    const auto text = to_json(report);
    return ::send(control_.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  bool tell(Report::What what) const { return tell(Report{.what = what}); }

  // Waits for the word. False: the broker is gone, or changed its mind.
  bool says_go() const {
    std::array<char, 16> word;
    const ssize_t size = ::recv(control_.get(), word.data(), word.size(), 0);
    return size > 0 && std::string_view(word.data(), static_cast<std::size_t>(size)) == kGo;
  }

  void leave() { control_.reset(); }
  const Fd& control() const { return control_; }

 private:
  Fd control_{Descriptor::kControl};
};

base::Result<Request> read_request() {
  const Fd file(Descriptor::kRequest);
  std::string text;
  std::array<char, 65536> piece;
  ssize_t size = 0;
  while ((size = ::read(file.get(), piece.data(), piece.size())) > 0) {
    text.append(piece.data(), static_cast<std::size_t>(size));
  }
  return parse_request(text);
}

void set_exit(RunRecord& record, int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    record.exit_signal = WTERMSIG(wait_status);
  } else {
    record.exit_code = WEXITSTATUS(wait_status);
  }
}

// The start of one program in a folder, from the lock to the exit status.
class Start {
 public:
  Start(Request request, Broker& broker, RunFolder folder, FolderLock lock)
      : request_(std::move(request)), broker_(broker), folder_(std::move(folder)), lock_(std::move(lock)) {}

  base::Result<void> run() {
    if (!TRY(hold_folder())) {
      broker_.tell(Report::What::adopted);
      return {};
    }
    const Fd log = TRY(open_log());
    // So far nothing was changed: a start that is called off leaves the former run's end to be read.
    if (!broker_.tell(Report::What::prepared) || !broker_.says_go()) return {};
    const Fd signals = TRY(catch_signals());
    TRY(begin_run());
    if (auto executed = execute(log); !executed) return abandon(std::move(executed).error());
    broker_.tell(Report::What::running);
    broker_.leave();
    lock_.end_start();
    return guard(signals, log);
  }

 private:
  // False: a program runs here already.
  base::Result<bool> hold_folder() {
    TRY(lock_.begin_start());
    if (TRY(lock_.try_hold())) return true;
    const auto running = folder_.running();
    const bool runs = running && running->phase == RunRecord::Phase::running && running->program;
    if (runs && open_process(*running->program)) return false;
    TRY(lock_.hold());  // it is ending: begin anew after it
    return true;
  }

  // A killed supervisor's program dies with it, but that takes a moment, and a program may have arranged otherwise.
  void end_former_program() const {
    if (!folder_.left_behind()) return;
    const Fd pidfd = open_process(*folder_.running()->program);
    if (!pidfd || !send_signal(pidfd, SIGKILL)) return;
    pollfd news{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
    ::poll(&news, 1, -1);
  }

  base::Result<Fd> open_log() const {
    // A FIFO that a job put there would be waited for.
    Fd log(::open(request_.spec.log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0600));
    if (!log) return base::from_errno("cannot open the log " + request_.spec.log.native());
    ::fcntl(log.get(), F_SETFL, O_APPEND);  // it is the program's output, which waits
    return log;
  }

  base::Result<void> begin_run() {
    end_former_program();
    ::fchmod(folder_.directory().get(), 0700);
    const auto now = base::system_clock().now();
    record_.run_id = base::new_uuid(now.time_since_epoch().count());
    record_.started_at = now;
    record_.stop_grace = request_.spec.stop_grace;
    if (const auto self = read_stat(::getpid())) record_.supervisor = identity_of(*self);
    TRY(folder_.write_spec(request_.spec));
    return folder_.begin(record_);
  }

  // The pid is on file before the program runs, so that nobody who runs is unknown.
  base::Result<void> execute(const Fd& log) {
    Program program = TRY(Program::fork(request_.spec, request_.folder.native(), log, log));
    pid_ = program.pid();
    if (const auto stat = read_stat(pid_)) record_.program = identity_of(*stat);
    TRY(folder_.write_running(record_));
    TRY(program.release());
    record_.phase = RunRecord::Phase::running;
    return folder_.write_running(record_);
  }

  // What cannot be executed, or not be recorded, must not run.
  base::Result<void> abandon(base::Error error) {
    signal_descendants(SIGKILL);
    while (::waitpid(-1, nullptr, 0) > 0) {
    }
    record_.failure = error.message;
    // Where not even that can be written, running.json names a program that never ran: better none.
    if (!folder_.write_exit(record_)) folder_.clear();
    return error;
  }

  base::Result<void> guard(const Fd& signals, const Fd& log) {
    // The program's own descriptor does not read. Where its account may not either, the log has no bound.
    const Fd bounded(::open(fmt::format("/proc/self/fd/{}", log.get()).c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
    const auto grace = request_.spec.stop_grace;
    const auto note_ending = [this] {
      record_.phase = RunRecord::Phase::ending;
      // Only a starter at this moment misses it where the disk is full: it adopts what is about to end.
      (void)folder_.write_running(record_);
    };
    const auto bound_log = [&] { keep_within(bounded, request_.spec.log, kMostLogBytes); };
    set_exit(record_, watch_to_the_end({.program = pid_,
                                        .stop_grace = grace,
                                        .rest_grace = grace,
                                        .signals = signals,
                                        .on_ending = note_ending,
                                        .now_and_then = bound_log}));
    return folder_.write_exit(record_);
  }

  Request request_;
  Broker& broker_;
  RunFolder folder_;
  FolderLock lock_;
  RunRecord record_;
  pid_t pid_ = 0;
};

base::Result<void> start(Request request, Broker& broker) {
  // As the account that it is for: a link that a job put into the path leads no further than the job.
  TRY(make_folder(request.folder, std::nullopt));
  RunFolder folder = TRY(RunFolder::open(request.folder));
  auto lock = FolderLock::open(folder.directory());
  if (!lock && lock.error().kind == base::ErrorKind::invalid) {
    // A job put something else there: who lives here cannot be asked, and must not run beside what is started.
    // Another start may have put that right meanwhile.
    TRY(sweep_folder(request.folder, std::nullopt));
    lock = FolderLock::open(folder.directory());
    if (!lock && lock.error().kind == base::ErrorKind::invalid) {
      FolderLock::remove(folder.directory());
      lock = FolderLock::open(folder.directory());
    }
  }
  if (!lock) return std::move(lock).error();
  return Start(std::move(request), broker, std::move(folder), std::move(lock).value()).run();
}

base::Result<void> run(const Request& request, Broker& broker) {
  const Fd signals = TRY(catch_signals());
  Fd out(Descriptor::kOut), err(Descriptor::kErr), result(request.sandbox ? Descriptor::kResult : -1);
  std::optional<Program::Confinement> confinement;
  if (request.sandbox) {
    TRY(open_namespaces());
    confinement.emplace(Program::Confinement{.sandbox = *request.sandbox, .result = result});
  }
  Program program = TRY(Program::fork(request.spec, "", out, err, confinement));
  TRY(program.release());
  for (Fd* end : {&out, &err, &result}) end->reset();
  RunRecord end;
  set_exit(end, watch_to_the_end({.program = program.pid(), .signals = signals, .control = &broker.control()}));
  broker.tell({.what = Report::What::exited, .exit_code = end.exit_code.value_or(128 + end.exit_signal.value_or(0))});
  return {};
}

base::Result<void> sweep(const Request& request, Broker& broker) {
  const int count = TRY(sweep_folder(request.folder, request.program));
  broker.tell({.what = Report::What::swept, .count = count});
  return {};
}

base::Result<void> serve(Request request, Broker& broker) {
  if (request.account) TRY(enter_account(*request.account));
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  switch (request.mode) {
    case Request::Mode::start:
      return start(std::move(request), broker);
    case Request::Mode::run:
      return run(request, broker);
    case Request::Mode::sweep:
      return sweep(request, broker);
  }
  return base::internal("an unknown request");
}

}  // namespace

int supervise(const std::filesystem::path& folder) {
  ::umask(077);
  if (::chdir("/") != 0) return 1;  // the broker's working directory is not its own
  struct stat control = {};
  if (::fstat(Descriptor::kControl, &control) != 0 || !S_ISSOCK(control.st_mode)) {
    std::fprintf(stderr, "slipway supervise %s: only a broker starts this\n", folder.c_str());
    return 2;
  }
  Broker broker;
  auto request = read_request();
  auto served = request ? serve(std::move(*request), broker) : base::Result<void>(std::move(request).error());
  if (served) return 0;
  broker.tell({.what = Report::What::failed, .error = std::move(served).error()});
  return 1;
}

}  // namespace slipway::process
