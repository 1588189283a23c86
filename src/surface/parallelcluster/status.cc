#include "surface/parallelcluster/status.h"

#include <algorithm>
#include <array>
#include <utility>

namespace slipway::surface::parallelcluster {

std::string_view stack_status(const broker::Environment& environment) {
  switch (environment.status) {
    case broker::Status::pending:
      return "CREATE_IN_PROGRESS";
    case broker::Status::available:
      return "CREATE_COMPLETE";
    case broker::Status::starting:
    case broker::Status::stopping:
    case broker::Status::stopped:
    case broker::Status::starting_failed:
    case broker::Status::stopping_failed:
      return "CREATE_COMPLETE";  // stopping and starting instances changes no stack
    case broker::Status::failed:
      if (environment.rolling_back) return "ROLLBACK_IN_PROGRESS";
      return environment.rolled_back ? "ROLLBACK_COMPLETE" : "CREATE_FAILED";
    case broker::Status::terminating:
      return "DELETE_IN_PROGRESS";
    case broker::Status::terminated:
      return "DELETE_COMPLETE";
    case broker::Status::terminating_failed:
      return "DELETE_FAILED";
  }
}

std::string_view cluster_status(std::string_view stack_status) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kTable{{
      {"ROLLBACK_IN_PROGRESS", "CREATE_FAILED"},
      {"ROLLBACK_FAILED", "CREATE_FAILED"},
      {"ROLLBACK_COMPLETE", "CREATE_FAILED"},
      {"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_IN_PROGRESS"},
      {"UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_IN_PROGRESS"},
      {"UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_IN_PROGRESS"},
      {"UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED"},
      {"UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED"},
  }};
  const auto* found = std::ranges::find(kTable, stack_status, &std::pair<std::string_view, std::string_view>::first);
  return found == kTable.end() ? stack_status : found->second;
}

std::string_view to_string(broker::FleetStatus status) {
  switch (status) {
    case broker::FleetStatus::unknown:
      return "UNKNOWN";
    case broker::FleetStatus::start_requested:
      return "START_REQUESTED";
    case broker::FleetStatus::starting:
      return "STARTING";
    case broker::FleetStatus::running:
      return "RUNNING";
    case broker::FleetStatus::stop_requested:
      return "STOP_REQUESTED";
    case broker::FleetStatus::stopping:
      return "STOPPING";
    case broker::FleetStatus::stopped:
      return "STOPPED";
  }
}

bool fleet_is_readable(std::string_view stack_status) {
  return fleet_is_changeable(stack_status) || stack_status == "UPDATE_IN_PROGRESS";
}

bool fleet_is_changeable(std::string_view stack_status) {
  return stack_status == "CREATE_COMPLETE" || stack_status == "UPDATE_COMPLETE" ||
         stack_status == "UPDATE_ROLLBACK_COMPLETE";
}

}  // namespace slipway::surface::parallelcluster
