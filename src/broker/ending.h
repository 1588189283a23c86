#pragma once
// What the end of an execution means for its environment. A pure function, used inside the transaction that ends it.

#include "base/result.h"
#include "broker/environment.h"
#include "workflow/engine.h"

namespace slipway::broker {

inline constexpr std::string_view kLaunch = "launch";
inline constexpr std::string_view kStart = "start";
inline constexpr std::string_view kStop = "stop";
inline constexpr std::string_view kConnect = "connect";
inline constexpr std::string_view kTerminate = "terminate";
// A launch document gives this output once its rollback left nothing behind.
inline constexpr std::string_view kRolledBack = "RolledBack";

// The status while an execution of that kind runs: what an environment becomes in the transaction that begins one.
Status under_way(std::string_view kind);

// Whether a start or a stop may begin. Errors: conflict, saying what would be possible instead.
base::Result<void> may_begin(std::string_view kind, const Environment& environment);

// Whether an execution of that kind may be done again. Errors: conflict.
base::Result<void> may_begin_again(std::string_view kind, const Environment& environment);

// Derives status, failure and outputs. An environment that was asked to terminate meanwhile stays so.
void apply_end(const workflow::Ended& ended, Environment& environment);

}  // namespace slipway::broker
