#include "net/doorbell.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

namespace slipway::net {

namespace asio = boost::asio;

struct Doorbell::Impl {
  explicit Impl(asio::io_context& io) : timer(io) {}

  asio::steady_timer timer;  // its expiry is the deadline; ringing ends the wait for it
  bool rung = false;
};

Doorbell::Doorbell(Runtime& runtime) : impl_(std::make_unique<Impl>(runtime.io())) {}

Doorbell::~Doorbell() = default;

void Doorbell::ring() {
  if (!std::exchange(impl_->rung, true)) impl_->timer.cancel();
}

asio::awaitable<bool> Doorbell::wait_until(Deadline deadline) {
  auto& impl = *impl_;
  if (!impl.rung) {
    impl.timer.expires_at(deadline);
    const auto [error] = co_await impl.timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (error && !impl.rung) throw boost::system::system_error(error);
  }
  co_return std::exchange(impl.rung, false);
}

}  // namespace slipway::net
