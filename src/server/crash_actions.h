#pragma once
// Actions that pass crash points: before the call, where it first waits for something, and when it has answered and
// nobody has used the answer.

#include "net/runtime.h"
#include "server/crash_points.h"
#include "storage/database.h"
#include "workflow/action.h"

namespace slipway::server {

// Every action of `actions`, watched. All references outlive what it gives.
workflow::ActionRegistry with_crash_points(const workflow::ActionRegistry& actions, net::Runtime& runtime,
                                           storage::Database& database, CrashPoints& points);

}  // namespace slipway::server
