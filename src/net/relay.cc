#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <vector>

#include "net/byte_stream.h"

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
  ways.spawn("relay", [&] { return one_way(ways, a, b); });
  ways.spawn("relay back", [&] { return one_way(ways, b, a); });
  // join() cannot be cancelled, so a cancellation of this coroutine is handed on to the members by hand, and thrown
  // when they have ended: they look into both streams.
  auto state = co_await asio::this_coro::cancellation_state;
  auto outer = state.slot();
  if (outer.is_connected()) outer.assign([&ways](asio::cancellation_type) { ways.cancel(); });
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await ways.join();
  if (outer.is_connected()) outer.clear();
  co_await asio::this_coro::throw_if_cancelled(true);
  if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none) {
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

}  // namespace slipway::net
