#include "workflow/timers.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>

namespace slipway::workflow {

using std::chrono::milliseconds;

namespace {

// The loop's timer counts steady time, the entries wall-clock time: it looks again this often.
constexpr milliseconds kLongestSleep{1000};
// How many fire in one turn of the loop, so that requests are served in between.
constexpr int kMostInATurn = 1000;

}  // namespace

struct Timers::Alarm {
  explicit Alarm(net::Runtime& runtime) : timer(runtime.io()) {}
  boost::asio::steady_timer timer;
  std::optional<base::Time> rings_at;  // set while it is armed
  bool stopped = false;
};

Timers::Timers(net::Runtime& runtime, const base::Clock& clock, std::function<void(const base::ExecutionId&)> due)
    : runtime_(runtime), clock_(clock), due_(std::move(due)), alarm_(std::make_shared<Alarm>(runtime)) {}

Timers::~Timers() {
  stop();
}

void Timers::set(const base::ExecutionId& id, base::Time at) {
  entries_.emplace(at, id);
  arm();
}

void Timers::clear(const base::ExecutionId& id, base::Time at) {
  entries_.erase({at, id});
}

void Timers::fire_due() {
  for (int fired = 0; fired < kMostInATurn && !entries_.empty() && !alarm_->stopped; ++fired) {
    if (entries_.begin()->first > clock_.now()) break;
    const auto entry = entries_.extract(entries_.begin());
    due_(entry.value().second);
  }
  arm();
}

void Timers::stop() {
  alarm_->stopped = true;
  alarm_->timer.cancel();
  entries_.clear();
}

void Timers::arm() {
  if (entries_.empty() || alarm_->stopped) return;
  const auto next = entries_.begin()->first;
  if (alarm_->rings_at && *alarm_->rings_at <= next) return;
  alarm_->rings_at = next;
  alarm_->timer.expires_after(std::clamp(next - clock_.now(), milliseconds{0}, kLongestSleep));
  alarm_->timer.async_wait([this, alarm = alarm_](const boost::system::error_code& ec) {
    if (ec || alarm->stopped) return;  // re-armed for an earlier time, or over
    alarm->rings_at.reset();
    fire_due();
  });
}

}  // namespace slipway::workflow
