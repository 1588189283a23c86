#include "net/join.h"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

namespace slipway::net {

namespace asio = boost::asio;

asio::awaitable<void> join_own(TaskGroup& members) {
  // join() cannot be cancelled, and the members look into the frame of who waits: it throws when they have ended.
  auto state = co_await asio::this_coro::cancellation_state;
  auto outer = state.slot();
  if (outer.is_connected()) outer.assign([&members](asio::cancellation_type) { members.cancel(); });
  if (state.cancelled() != asio::cancellation_type::none) members.cancel();
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await members.join();
  if (outer.is_connected()) outer.clear();
  co_await asio::this_coro::throw_if_cancelled(true);
  if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none) {
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

}  // namespace slipway::net
