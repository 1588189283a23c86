#pragma once
// When an environment ends by itself: at the end of its time, or after some time without activity. Pure: what is due by
// what is stored and what the clock shows, so that neither a restart nor a clock that steps changes more than it must.
// Used by the environments service; knows no database.

#include <chrono>
#include <optional>

#include "broker/activity.h"
#include "broker/environment.h"
#include "broker/environment_type.h"

namespace slipway::broker {

struct LifetimeSettings {
  std::chrono::milliseconds look = std::chrono::seconds(15);      // between two looks; an end is late by no more
  std::chrono::milliseconds patience = std::chrono::seconds(10);  // with all questions about one's activity
};

// What is to be done about the end of its time.
enum class EndStep { nothing, warn, end };
// `warn`: how long before the end the warning comes. An end that a restart or a late clock missed is due at once, its
// warning with it. What is terminating, gone, or could not be terminated has no end any more; what shall be stopped at
// its end and does not run is left as it is.
EndStep end_step(const Environment& environment, const TimeToLive& rule, base::Time now);

// When the environment was last in use, as far as `seen` and what is stored tell: not before it became available, and
// not in the future, which a source that lies may claim.
base::Time last_active(const Environment& environment, const Activity& seen, base::Time now);

// True where an available environment was not in use for `after`; never where `after` is 0 or `seen` is unknown.
// `settled`: the broker has looked before, so that a source which only tells of now was heard twice.
bool is_idle(const Environment& environment, std::chrono::minutes after, const Activity& seen, bool settled,
             base::Time now);

// How far the wall clock was set, forward or back, between two looks: what passed on it beyond what passed. Zero for
// less than a minute.
std::chrono::milliseconds clock_step(std::chrono::milliseconds wall_passed, std::chrono::milliseconds passed);

}  // namespace slipway::broker
