#include "broker/lifetime.h"

#include <algorithm>

namespace slipway::broker {

using std::chrono::milliseconds;

namespace {

bool can_end(Status status, EndAction action) {
  switch (status) {
    case Status::available:
    case Status::starting_failed:
    case Status::stopping_failed:
      return true;
    case Status::pending:
    case Status::starting:
    case Status::stopping:
    case Status::stopped:
    case Status::failed:
      return action == EndAction::terminate;
    case Status::terminating:
    case Status::terminated:
    case Status::terminating_failed:
      return false;
  }
}

}  // namespace

EndStep end_step(const Environment& environment, const TimeToLive& rule, base::Time now) {
  if (!environment.expires_at || !can_end(environment.status, rule.action)) return EndStep::nothing;
  if (now >= *environment.expires_at) return EndStep::end;
  const bool due = rule.warn > milliseconds(0) && now >= *environment.expires_at - rule.warn;
  return due && !environment.warned_at ? EndStep::warn : EndStep::nothing;
}

base::Time last_active(const Environment& environment, const Activity& seen, base::Time now) {
  if (seen.known && seen.busy) return now;
  auto last = std::max(environment.updated_at, environment.last_active_at.value_or(environment.created_at));
  if (seen.known && seen.last) last = std::max(last, *seen.last);
  return std::min(last, now);
}

bool is_idle(const Environment& environment, std::chrono::minutes after, const Activity& seen, bool settled,
             base::Time now) {
  if (environment.status != Status::available || after <= std::chrono::minutes(0) || !seen.known) return false;
  if (!settled && !seen.last) return false;
  return now - last_active(environment, seen, now) >= after;
}

milliseconds clock_step(milliseconds wall_passed, milliseconds passed) {
  const auto step = wall_passed - passed;
  return std::chrono::abs(step) < std::chrono::minutes(1) ? milliseconds(0) : step;
}

}  // namespace slipway::broker
