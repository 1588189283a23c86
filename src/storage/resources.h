#pragma once
// Rows of `resource`: what each environment makes, recorded before it is made, so that nothing of an environment that
// is gone stays unknown. Used by the broker. Whether a resource is really there is not known here.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "storage/database.h"

namespace slipway::storage {

struct ResourceRow {
  base::EnvironmentId environment_id;
  std::string kind;              // "folder", "process", "port"; the provider's words
  std::string locator;           // names it among its kind: a path, a number, an id of AWS
  std::string region;            // where it is
  std::string token;             // of the effect that made it; empty where the locator proves enough
  std::string state = "intent";  // intent, present, gone
  base::Time recorded_at{};
  std::optional<base::Time> gone_at;
};

// A resource that outlived its environment.
struct LeftoverRow {
  ResourceRow resource;
  base::Time since{};  // when the environment was gone
};

// As intent, whatever row.state says; one that is present stays so, one that was gone begins anew. Idempotent. Errors:
// conflict where there is no such environment.
base::Result<void> record_resource(Connection& connection, const ResourceRow& row);

// Both are idempotent, and do nothing where there is no such row.
base::Result<void> set_resource_present(Connection& connection, const base::EnvironmentId& environment_id,
                                        std::string_view kind, std::string_view locator);
base::Result<void> set_resource_gone(Connection& connection, const base::EnvironmentId& environment_id,
                                     std::string_view kind, std::string_view locator, base::Time now);
// All of one kind, whatever they are called.
base::Result<void> set_resources_gone(Connection& connection, const base::EnvironmentId& environment_id,
                                      std::string_view kind, base::Time now);

// Those of one environment, gone ones too, by kind and locator.
base::Result<std::vector<ResourceRow>> resources_of(Connection& connection, const base::EnvironmentId& environment_id);

// Resources that are not gone though their environment is (terminated, or its launch rolled back), by environment, kind
// and locator, at most `limit`. `environment_id`: of that one alone.
base::Result<std::vector<LeftoverRow>> leftover_resources(Connection& connection,
                                                          const std::optional<base::EnvironmentId>& environment_id,
                                                          int limit);

}  // namespace slipway::storage
