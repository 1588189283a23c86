#pragma once
// The Transport of real life: HTTPS over net's client, one exchange at a time.

#include <chrono>

#include "cli/client.h"

namespace slipway::cli {

// Keeps its connection between calls. Trusts connection.ca_file. Each exchange ends within `limit` (timed_out); one
// that hands on its body has no limit: from then on interrupts are caught, and one ends it with interrupted().
base::Result<Transport> open_transport(const Connection& connection,
                                       std::chrono::milliseconds limit = std::chrono::seconds(30));

}  // namespace slipway::cli
