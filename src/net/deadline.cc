#include "net/deadline.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <memory>

namespace slipway::net {

namespace asio = boost::asio;

namespace {
// Outlives the timer's handler, the work and whoever cancels them.
struct Race {
  Race(Runtime& runtime, Deadline deadline) : timer(runtime.io(), deadline) {}

  asio::steady_timer timer;
  asio::cancellation_signal signal;
  bool expired = false;
  bool ended = false;
};
}  // namespace

asio::awaitable<bool> finish_before(Runtime& runtime, Deadline deadline, std::function<asio::awaitable<void>()> work) {
  auto race = std::make_shared<Race>(runtime, deadline);
  race->timer.async_wait([race](boost::system::error_code error) {
    if (error || race->ended) return;
    race->expired = true;
    race->signal.emit(asio::cancellation_type::terminal);
  });
  // The work hangs on our own signal, so a cancellation of this coroutine is handed on by hand. The copy keeps the race
  // alive where the work ends inside emit().
  auto outer = (co_await asio::this_coro::cancellation_state).slot();
  if (outer.is_connected()) {
    outer.assign([race](asio::cancellation_type type) {
      const auto keep = race;
      keep->signal.emit(type);
    });
  }
  // The turn at the beginning keeps out of a fault of Boost 1.81's co_spawn, see TaskGroup::spawn.
  auto begin = [&runtime, work = std::move(work)]() -> asio::awaitable<void> {
    co_await asio::post(runtime.io(), asio::use_awaitable);
    co_await work();
  };
  std::exception_ptr thrown;
  try {
    co_await asio::co_spawn(runtime.io(), std::move(begin),
                            asio::bind_cancellation_slot(race->signal.slot(), asio::use_awaitable));
  } catch (...) {
    thrown = std::current_exception();
  }
  race->ended = true;
  race->timer.cancel();
  if (outer.is_connected()) outer.clear();
  if (!thrown) co_return true;
  try {
    std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& error) {
    if (!race->expired || error.code() != asio::error::operation_aborted) throw;
  }
  co_return false;
}

}  // namespace slipway::net
