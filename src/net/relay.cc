#include <boost/asio/error.hpp>
#include <utility>
#include <vector>

#include "net/byte_stream.h"
#include "net/join.h"

namespace slipway::net {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kPieceBytes = 16 << 10;

// True where `from` ended and everything of it was written.
asio::awaitable<bool> hand_on(ByteStream& from, ByteStream& to) {
  std::vector<char> piece(kPieceBytes);
  for (;;) {
    const auto [failure, received] = co_await from.read_some(piece.data(), piece.size());
    if (failure == asio::error::eof) break;
    if (failure) co_return false;
    for (std::size_t sent = 0; sent < received;) {
      const auto [error, count] = co_await to.write_some(piece.data() + sent, received - sent);
      if (error) co_return false;
      sent += count;
    }
  }
  co_await to.end_sending();
  co_return true;
}

asio::awaitable<void> one_way(TaskGroup& ways, ByteStream& from, ByteStream& to) {
  if (!co_await hand_on(from, to)) ways.cancel();
}

}  // namespace

asio::awaitable<void> relay(Runtime& runtime, ByteStream& a, ByteStream& b) {
  TaskGroup ways(runtime);
  std::vector<NamedTask> both{{"relay", [&] { return one_way(ways, a, b); }},
                              {"relay back", [&] { return one_way(ways, b, a); }}};
  co_await run_together(ways, std::move(both));
}

}  // namespace slipway::net
