#include "broker/admission.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/ending.h"
#include "config/reader.h"

namespace slipway::broker {

using std::chrono::milliseconds;

namespace {
constexpr std::chrono::hours kLongest{24 * 36'525};
}  // namespace

base::Result<void> admit(std::string_view kind, const Environment& environment, base::Time now) {
  if (kind != kLaunch && kind != kStart) return {};
  if (!environment.expires_at || now < *environment.expires_at) return {};
  return base::conflict(fmt::format("The time of {} was over at {}. Extend it first: `slipway env extend`.",
                                    environment.name, base::iso8601(*environment.expires_at)));
}

base::Result<std::optional<base::Time>> end_of(const EnvironmentType& type, base::Time created_at,
                                               std::optional<milliseconds> wanted, base::Time now) {
  const auto& rule = type.time_to_live;
  if (!wanted) wanted = rule.otherwise ? rule.otherwise : rule.most;
  if (!wanted) return std::optional<base::Time>();
  if (*wanted <= milliseconds(0)) return base::invalid("A time to live is longer than nothing.", "timeToLive");
  if (*wanted > kLongest) return base::invalid("A time to live is 100 years at most.", "timeToLive");
  const auto end = now + *wanted;
  if (!rule.most || end <= std::max(created_at, base::Time{}) + *rule.most) return std::optional(end);
  return base::invalid(fmt::format("An environment of type {} lives {} at most, from its launch on.", type.name,
                                   config::print_duration(*rule.most)),
                       "timeToLive");
}

}  // namespace slipway::broker
