#include "net/join.h"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

namespace slipway::net {

namespace asio = boost::asio;

asio::awaitable<void> run_together(TaskGroup& members, std::vector<NamedTask> tasks) {
  // Who is cancelled already throws where it calls this. From here to join() nothing suspends, so that no member is
  // left behind; join() cannot be cancelled.
  auto outer = (co_await asio::this_coro::cancellation_state).slot();
  if (outer.is_connected()) outer.assign([&members](asio::cancellation_type) { members.cancel(); });
  co_await asio::this_coro::throw_if_cancelled(false);
  for (auto& task : tasks) members.spawn(std::move(task.name), std::move(task.run));
  co_await members.join();
  if (outer.is_connected()) outer.clear();
  co_await asio::this_coro::throw_if_cancelled(true);
  if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none) {
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

}  // namespace slipway::net
