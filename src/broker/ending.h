#pragma once
// What the end of an execution means for its environment. A pure function, used inside the transaction that ends it.

#include "broker/environment.h"
#include "workflow/engine.h"

namespace slipway::broker {

inline constexpr std::string_view kLaunch = "launch";
inline constexpr std::string_view kTerminate = "terminate";
// A launch document gives this output once its rollback left nothing behind.
inline constexpr std::string_view kRolledBack = "RolledBack";

// Derives status, failure and outputs. An environment that was asked to terminate while its launch ran stays so.
void apply_end(const workflow::Ended& ended, Environment& environment);

}  // namespace slipway::broker
