#pragma once
// Pages of what there is, over all environments: for the operator API. Reads only; each function is one statement,
// which may read many rows where a filter fits few of them, so it belongs into Database::read.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "storage/database.h"

namespace slipway::storage {

struct ExecutionFilter {
  base::EnvironmentId environment_id;  // empty: of all
  std::string state;                   // the engine's word; empty: any
};

struct ListedExecution {
  base::ExecutionId id;
  base::EnvironmentId environment_id;
  std::string environment_name;
  std::string document_name;
  std::int64_t document_version = 0;
  std::string kind;
  std::string state;
  std::string cursor;  // step path; empty before the first step
  std::string failure_code;
  std::string failure_text;
  std::string parent_id;  // empty: none
  std::string retry_of;   // empty: none
  base::Time created_at{};
  std::optional<base::Time> started_at;
  std::optional<base::Time> ended_at;
};

// Newest first: at most `limit` whose id is less than `before` (empty: from the newest).
base::Result<std::vector<ListedExecution>> list_executions(Connection& connection, const ExecutionFilter& filter,
                                                           const base::ExecutionId& before, int limit);

struct EnvironmentFilter {
  std::string type;  // each: empty is any
  std::string region;
  std::string status;  // empty: all but terminated
};
// Ids, oldest first: at most `limit` greater than `after` (empty: from the start).
base::Result<std::vector<base::EnvironmentId>> list_environment_ids(Connection& connection,
                                                                    const EnvironmentFilter& filter,
                                                                    const base::EnvironmentId& after, int limit);

}  // namespace slipway::storage
