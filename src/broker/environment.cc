#include "broker/environment.h"

#include <algorithm>
#include <array>
#include <utility>

namespace slipway::broker {

std::string_view to_string(Status status) {
  switch (status) {
    case Status::pending:
      return "pending";
    case Status::available:
      return "available";
    case Status::starting:
      return "starting";
    case Status::stopping:
      return "stopping";
    case Status::stopped:
      return "stopped";
    case Status::starting_failed:
      return "starting_failed";
    case Status::stopping_failed:
      return "stopping_failed";
    case Status::failed:
      return "failed";
    case Status::terminating:
      return "terminating";
    case Status::terminated:
      return "terminated";
    case Status::terminating_failed:
      return "terminating_failed";
  }
}

std::optional<Status> status_from(std::string_view text) {
  static constexpr std::array kAll{
      Status::pending,     Status::available,       Status::starting,          Status::stopping,
      Status::stopped,     Status::starting_failed, Status::stopping_failed,   Status::failed,
      Status::terminating, Status::terminated,      Status::terminating_failed};
  const auto* found = std::ranges::find(kAll, text, [](Status status) { return to_string(status); });
  if (found == kAll.end()) return std::nullopt;
  return *found;
}

std::string_view to_string(Fleet fleet) {
  switch (fleet) {
    case Fleet::running:
      return "running";
    case Fleet::stopped:
      return "stopped";
  }
}

bool has_resources(const Environment& environment) {
  switch (environment.status) {
    case Status::pending:
    case Status::available:
    case Status::starting:
    case Status::stopping:
    case Status::stopped:
    case Status::starting_failed:
    case Status::stopping_failed:
    case Status::terminating:
    case Status::terminating_failed:
      return true;
    case Status::failed:
      return !environment.rolled_back;
    case Status::terminated:
      return false;
  }
}

}  // namespace slipway::broker
