#pragma once
// The one step that every launch and every start passes before anything of it is written, whichever surface, retry or
// rule it comes from: what limits how much there may be, and how long. Today that is the time to live; how many may
// wait is the engine's bound, which comes right behind. Quotas, budgets and schedules belong here. Pure. Used by the
// environments service.

#include <chrono>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "broker/environment.h"
#include "broker/environment_type.h"

namespace slipway::broker {

// Whether an execution of that kind (launch, start, stop, terminate) may begin for the environment as it will be. What
// ends something always may. Errors: conflict where its time is over.
base::Result<void> admit(std::string_view kind, const Environment& environment, base::Time now);

// When an environment ends that was made at `created_at` and is to live `wanted` from now on, or as long as its type
// says; nothing: when somebody ends it. Errors: invalid where that is longer than the type allows, or nothing.
base::Result<std::optional<base::Time>> end_of(const EnvironmentType& type, base::Time created_at,
                                               std::optional<std::chrono::milliseconds> wanted, base::Time now);

}  // namespace slipway::broker
