#pragma once
// The figures of engine and database for /metrics; requests count themselves in http.

#include "broker/environments.h"
#include "observe/metrics.h"
#include "storage/database.h"

namespace slipway::server {

// Everything outlives `metrics`' last print.
void add_metrics(observe::Metrics& metrics, const broker::Environments& environments,
                 const storage::Database& database);

}  // namespace slipway::server
