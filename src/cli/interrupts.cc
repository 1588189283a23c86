#include "cli/interrupts.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

namespace slipway::cli {

namespace {

std::atomic<int> count{0};
int wake[2] = {-1, -1};

void on_signal(int) {
  int saved = errno;
  ++count;
  [[maybe_unused]] auto ignored = ::write(wake[1], "x", 1);
  errno = saved;
}

}  // namespace

void catch_interrupts() {
  if (wake[0] >= 0) return;
  if (::pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0) return;
  struct sigaction action{};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
}

void ignore_closed_pipes() {
  std::signal(SIGPIPE, SIG_IGN);
}

int interrupts() {
  return count;
}

void forget_interrupts() {
  char byte = 0;
  while (wake[0] >= 0 && ::read(wake[0], &byte, 1) == 1) {
  }
  count = 0;
}

int interrupt_descriptor() {
  return wake[0];
}

bool pause_unless_interrupted(std::chrono::milliseconds duration) {
  catch_interrupts();
  auto until = std::chrono::steady_clock::now() + duration;
  while (count == 0) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return true;
    pollfd waited{.fd = wake[0], .events = POLLIN, .revents = 0};
    ::poll(&waited, 1, static_cast<int>(left.count()));
  }
  return false;
}

}  // namespace slipway::cli
