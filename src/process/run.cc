#include "process/run.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>

#include "process/io.h"

namespace slipway::process {

namespace {

constexpr std::size_t kOutputLimitBytes = 1 << 20;
constexpr std::size_t kPieceBytes = 64 << 10;

// One output of the command, or both; all that is readable of any is taken at once.
class Streams {
 public:
  explicit Streams(const Helper& helper) : streams_{Stream{helper.out(), {}}, Stream{helper.err(), {}}} {
    for (Stream& stream : streams_) {
      epoll_event event{.events = EPOLLIN, .data = {}};
      ::epoll_ctl(any_.get(), EPOLL_CTL_ADD, stream.fd.get(), &event);
    }
  }

  const Fd& any() const { return any_; }  // readable where one of them is, or has ended
  bool open() const { return streams_[0].open || streams_[1].open; }

  void drain() {
    for (Stream& stream : streams_) drain(stream);
  }

  Supervisors::Output take(int exit_code) {
    return {.exit_code = exit_code, .out = std::move(streams_[0].text), .err = std::move(streams_[1].text)};
  }

 private:
  struct Stream {
    const Fd& fd;
    std::string text;
    bool open = true;
  };

  // What is beyond the limit is read and dropped, so that the command never waits for a reader.
  void drain(Stream& stream) {
    std::array<char, kPieceBytes> piece;
    while (stream.open) {
      const ssize_t size = ::read(stream.fd.get(), piece.data(), piece.size());
      if (size < 0 && errno == EAGAIN) return;
      stream.open = size > 0;
      if (!stream.open) {
        ::epoll_ctl(any_.get(), EPOLL_CTL_DEL, stream.fd.get(), nullptr);
        return;
      }
      const auto room = kOutputLimitBytes - stream.text.size();
      stream.text.append(piece.data(), std::min(static_cast<std::size_t>(size), room));
    }
  }

  Fd any_{::epoll_create1(EPOLL_CLOEXEC)};
  std::array<Stream, 2> streams_;
};

}  // namespace

net::Task<std::optional<Supervisors::Output>> gather(net::Runtime& runtime, Helper helper,
                                                     std::chrono::steady_clock::time_point deadline) {
  const auto left = [deadline] {
    return std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  };
  Streams streams(helper);
  bool in_time = true;
  while (in_time && streams.open()) {
    in_time = co_await readable(runtime, streams.any(), left());
    streams.drain();
  }
  if (in_time) in_time = co_await readable(runtime, helper.control(), left());
  std::optional<Supervisors::Output> output;
  if (in_time) {
    output = streams.take(CO_TRY(co_await helper.report(runtime)).exit_code);
  } else {
    helper.leave();
  }
  co_await readable(runtime, helper.pidfd());
  bury(helper.pidfd());
  co_return output;
}

}  // namespace slipway::process
