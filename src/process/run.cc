#include "process/run.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <vector>

#include "process/io.h"

namespace slipway::process {

namespace {

constexpr std::size_t kOutputLimitBytes = 1 << 20;
constexpr std::size_t kPieceBytes = 64 << 10;
constexpr int kPiecesAtOnce = 16;

// What is kept of one output.
struct Kept {
  std::size_t bytes = kOutputLimitBytes;
  bool last = false;  // the last of it; else the first
};

// The outputs of the command; all that is readable of any is taken at once.
class Streams {
 public:
  Streams(const Helper& helper, const Sandbox* sandbox) {
    const Kept outputs = sandbox == nullptr ? Kept{} : Kept{.bytes = sandbox->output_bytes, .last = true};
    add(helper.out(), outputs);
    add(helper.err(), outputs);
    if (sandbox != nullptr) add(helper.result(), {.bytes = sandbox->result_bytes + 1});
  }

  const Fd& any() const { return any_; }  // readable where one of them is, or has ended
  bool open() const { return std::ranges::any_of(streams_, &Stream::open); }

  void drain() {
    for (Stream& stream : streams_) drain(stream);
  }

  std::string take(std::size_t index) {
    auto& [fd, kept, text, open] = streams_.at(index);
    if (text.size() > kept.bytes) text.erase(0, text.size() - kept.bytes);
    return std::move(text);
  }

 private:
  struct Stream {
    const Fd& fd;
    Kept kept;
    std::string text;
    bool open = true;
  };

  void add(const Fd& fd, Kept kept) {
    streams_.push_back({.fd = fd, .kept = kept, .text = {}});
    epoll_event event{.events = EPOLLIN, .data = {}};
    ::epoll_ctl(any_.get(), EPOLL_CTL_ADD, fd.get(), &event);
  }

  // What is beyond the limit is read and dropped, so that the command never waits for a reader. One that writes without
  // end is not read without end: the deadline must come.
  void drain(Stream& stream) {
    std::array<char, kPieceBytes> piece;
    for (int pieces = 0; stream.open && pieces < kPiecesAtOnce; ++pieces) {
      const ssize_t size = ::read(stream.fd.get(), piece.data(), piece.size());
      if (size < 0 && errno == EAGAIN) return;
      stream.open = size > 0;
      if (!stream.open) {
        ::epoll_ctl(any_.get(), EPOLL_CTL_DEL, stream.fd.get(), nullptr);
        return;
      }
      keep(stream, std::string_view(piece.data(), static_cast<std::size_t>(size)));
    }
  }

  static void keep(Stream& stream, std::string_view piece) {
    auto& text = stream.text;
    if (!stream.kept.last) {
      text.append(piece.substr(0, stream.kept.bytes - text.size()));
      return;
    }
    text.append(piece);
    if (text.size() > 2 * stream.kept.bytes) text.erase(0, text.size() - stream.kept.bytes);
  }

  Fd any_{::epoll_create1(EPOLL_CLOEXEC)};
  std::vector<Stream> streams_;
};

}  // namespace

net::Task<Gathered> gather(net::Runtime& runtime, Helper helper, std::chrono::steady_clock::time_point deadline,
                           const Sandbox* sandbox) {
  const auto left = [deadline] {
    return std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  };
  Streams streams(helper, sandbox);
  Gathered gathered;
  while (gathered.in_time && streams.open()) {
    gathered.in_time = left().count() > 0 && co_await readable(runtime, streams.any(), left());
    streams.drain();
  }
  if (gathered.in_time) gathered.in_time = co_await readable(runtime, helper.control(), left());
  if (gathered.in_time) {
    gathered.output.exit_code = CO_TRY(co_await helper.report(runtime)).exit_code;
  } else {
    helper.leave();
  }
  gathered.output.out = streams.take(0);
  gathered.output.err = streams.take(1);
  if (sandbox != nullptr) gathered.result = streams.take(2);
  co_await readable(runtime, helper.pidfd());
  bury(helper.pidfd());
  co_return gathered;
}

}  // namespace slipway::process
