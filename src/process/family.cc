#include "process/family.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "process/proc.h"

namespace slipway::process {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Between two rounds of killing: those who forked while a round went over them are met again.
constexpr milliseconds kRound{20};
// Between two calls of now_and_then.
constexpr milliseconds kNowAndThen{15'000};

class Watch {
 public:
  explicit Watch(Watched watched) : watched_(std::move(watched)) {}

  int to_the_end() {
    while (reap()) {
      if (deadline_ && Clock::now() >= *deadline_) signal_descendants(SIGKILL);
      wait_for_news();
      if (Clock::now() >= next_call_) call();
    }
    call();
    return wait_status_;
  }

 private:
  // Takes in whoever has ended. False: nobody is left.
  bool reap() {
    for (;;) {
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, WNOHANG);
      if (pid < 0) return false;
      if (pid == 0) return true;
      if (pid == watched_.program) program_ended(status);
    }
  }

  void program_ended(int status) {
    ended_ = true;
    wait_status_ = status;
    end_within(watched_.rest_grace);
    signal_descendants(SIGTERM);
  }

  void stop_within(milliseconds grace) {
    end_within(grace);
    // Its pid is its own until it is reaped. A stopped process would not see SIGTERM.
    if (!ended_ && ::kill(watched_.program, SIGTERM) == 0) ::kill(watched_.program, SIGCONT);
  }

  void end_within(milliseconds grace) {
    const auto then = Clock::now() + grace;
    if (!deadline_ && watched_.on_ending) watched_.on_ending();
    if (!deadline_ || then < *deadline_) deadline_ = then;
  }

  void call() {
    if (watched_.now_and_then) watched_.now_and_then();
    next_call_ = Clock::now() + kNowAndThen;
  }

  int timeout_ms() const {
    if (!deadline_ && !watched_.now_and_then) return -1;
    const auto next = watched_.now_and_then ? next_call_ : Clock::time_point::max();
    const auto left = std::chrono::ceil<milliseconds>(std::min(deadline_.value_or(next), next) - Clock::now());
    return static_cast<int>(std::max(left, kRound).count());
  }

  void wait_for_news() {
    pollfd news[] = {{.fd = watched_.signals.get(), .events = POLLIN, .revents = 0},
                     {.fd = watched_.control ? watched_.control->get() : -1, .events = POLLIN, .revents = 0}};
    if (::poll(news, 2, timeout_ms()) <= 0) return;
    signalfd_siginfo info;
    while (::read(watched_.signals.get(), &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGTERM) stop_within(watched_.stop_grace);
      if (info.ssi_signo == SIGINT) stop_within(milliseconds(0));
    }
    if (news[1].revents != 0) {
      watched_.control = nullptr;
      stop_within(milliseconds(0));
    }
  }

  Watched watched_;
  bool ended_ = false;
  int wait_status_ = 0;
  std::optional<Clock::time_point> deadline_;  // from then on everybody is killed
  Clock::time_point next_call_ = Clock::now() + kNowAndThen;
};

}  // namespace

base::Result<Fd> catch_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGPIPE}) ::sigaddset(&set, signal);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  Fd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return base::from_errno("cannot watch for signals");
  return signals;
}

void signal_descendants(int signal) {
  for (const auto& process : descendants_of(::getpid(), list_processes())) {
    if (const Fd pidfd = open_process(process)) send_signal(pidfd, signal);
  }
}

int watch_to_the_end(Watched watched) {
  return Watch(std::move(watched)).to_the_end();
}

}  // namespace slipway::process
