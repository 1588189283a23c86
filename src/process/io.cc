#include "process/io.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <memory>

namespace slipway::process {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

using Descriptor = asio::posix::stream_descriptor;

// One wait for a descriptor, on a duplicate, so that several may wait for the same, and each has its own place in the
// loop. The duplicate is released, not closed, by Asio: closing leaves it to the kernel to forget the place, which a
// duplicate's kernel does not do while the original is open, and a later wait would be woken in its stead.
struct Wait {
  Wait(net::Runtime& runtime, const Fd& fd) : descriptor(runtime.io()) {
    const int copy = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
      throw boost::system::system_error(errno, boost::system::system_category(), "duplicating a descriptor");
    descriptor.assign(copy);
  }
  Wait(const Wait&) = delete;
  ~Wait() { Fd(descriptor.release()); }

  bool is_over() {
    pollfd news{.fd = descriptor.native_handle(), .events = POLLIN, .revents = 0};
    return ::poll(&news, 1, 0) > 0;
  }

  Descriptor descriptor;
  bool late = false;
};

}  // namespace

asio::awaitable<bool> readable(net::Runtime& runtime, const Fd& fd, std::optional<std::chrono::milliseconds> timeout) {
  const auto wait = std::make_shared<Wait>(runtime, fd);
  asio::steady_timer timer(runtime.io());
  if (timeout) {
    timer.expires_after(*timeout);
    // May run after this coroutine has gone on: borrows nothing of it.
    timer.async_wait([weak = std::weak_ptr(wait)](error_code error) {
      const auto waiting = weak.lock();
      if (error || !waiting) return;
      waiting->late = true;
      waiting->descriptor.cancel();
    });
  }
  while (!wait->late) {
    const auto [error] =
        co_await wait->descriptor.async_wait(Descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
    if (wait->is_over()) co_return true;
    if (error && !wait->late) throw boost::system::system_error(error);
  }
  co_return false;
}

void bury_at_end(net::Runtime& runtime, const Fd& pidfd) {
  const auto child = std::make_shared<Wait>(runtime, pidfd);
  child->descriptor.async_wait(Descriptor::wait_read, [child](error_code) {
    siginfo_t end;
    ::waitid(P_PIDFD, static_cast<id_t>(child->descriptor.native_handle()), &end, WEXITED | WNOHANG);
  });
}

void bury(const Fd& pidfd) {
  siginfo_t end;
  ::waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &end, WEXITED | WNOHANG);
}

}  // namespace slipway::process
