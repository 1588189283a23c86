#include "surface/parallelcluster/status.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <map>
#include <string>

#include "http/openapi.h"

namespace slipway::surface::parallelcluster {
namespace {

using broker::Environment;
using broker::Status;

std::string_view stack_of(Status status, bool rolled_back = false, bool rolling_back = false) {
  Environment environment;
  environment.status = status;
  environment.rolled_back = rolled_back;
  environment.rolling_back = rolling_back;
  return stack_status(environment);
}

TEST(Status, EachStateOfAnEnvironmentHasItsStackStatus) {
  EXPECT_EQ(stack_of(Status::pending), "CREATE_IN_PROGRESS");
  EXPECT_EQ(stack_of(Status::available), "CREATE_COMPLETE");
  for (const auto status :
       {Status::starting, Status::stopping, Status::stopped, Status::starting_failed, Status::stopping_failed}) {
    EXPECT_EQ(stack_of(status), "CREATE_COMPLETE") << to_string(status);
  }
  EXPECT_EQ(stack_of(Status::failed), "CREATE_FAILED");
  EXPECT_EQ(stack_of(Status::failed, false, true), "ROLLBACK_IN_PROGRESS");
  EXPECT_EQ(stack_of(Status::failed, true), "ROLLBACK_COMPLETE");
  EXPECT_EQ(stack_of(Status::terminating), "DELETE_IN_PROGRESS");
  EXPECT_EQ(stack_of(Status::terminated), "DELETE_COMPLETE");
  EXPECT_EQ(stack_of(Status::terminating_failed), "DELETE_FAILED");
}

// The whole table of the contract, 4.2.
const std::map<std::string, std::string> kClusterStatus{
    {"CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS"},
    {"CREATE_COMPLETE", "CREATE_COMPLETE"},
    {"CREATE_FAILED", "CREATE_FAILED"},
    {"ROLLBACK_IN_PROGRESS", "CREATE_FAILED"},
    {"ROLLBACK_FAILED", "CREATE_FAILED"},
    {"ROLLBACK_COMPLETE", "CREATE_FAILED"},
    {"UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"},
    {"UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_IN_PROGRESS"},
    {"UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_IN_PROGRESS"},
    {"UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_IN_PROGRESS"},
    {"UPDATE_COMPLETE", "UPDATE_COMPLETE"},
    {"UPDATE_FAILED", "UPDATE_FAILED"},
    {"UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED"},
    {"UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED"},
    {"DELETE_IN_PROGRESS", "DELETE_IN_PROGRESS"},
    {"DELETE_FAILED", "DELETE_FAILED"},
    {"DELETE_COMPLETE", "DELETE_COMPLETE"},
    {"REVIEW_IN_PROGRESS", "REVIEW_IN_PROGRESS"},
    {"IMPORT_IN_PROGRESS", "IMPORT_IN_PROGRESS"},
    {"IMPORT_COMPLETE", "IMPORT_COMPLETE"},
    {"IMPORT_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_IN_PROGRESS"},
    {"IMPORT_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED"},
    {"IMPORT_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"},
};

boost::json::array enumeration(std::string_view name) {
  const auto document = boost::json::parse(http::openapi_document("parallelcluster"));
  return document.at_pointer("/components/schemas").at(name).at("enum").as_array();
}

TEST(Status, EachStackStatusHasItsClusterStatus) {
  for (const auto& [stack, cluster] : kClusterStatus) EXPECT_EQ(cluster_status(stack), cluster) << stack;
  EXPECT_EQ(enumeration("CloudFormationStackStatus").size(), kClusterStatus.size());
  for (const auto& status : enumeration("CloudFormationStackStatus")) {
    EXPECT_TRUE(kClusterStatus.contains(std::string(status.as_string()))) << status;
  }
}

TEST(Status, TheFleetIsReadAndChangedInTheRightStates) {
  for (const auto& [stack, cluster] : kClusterStatus) {
    const bool changeable =
        stack == "CREATE_COMPLETE" || stack == "UPDATE_COMPLETE" || stack == "UPDATE_ROLLBACK_COMPLETE";
    EXPECT_EQ(fleet_is_changeable(stack), changeable) << stack;
    EXPECT_EQ(fleet_is_readable(stack), changeable || stack == "UPDATE_IN_PROGRESS") << stack;
  }
}

TEST(Status, EachFleetStatusIsOneOfTheApis) {
  using broker::FleetStatus;
  const auto known = enumeration("ComputeFleetStatus");
  for (const auto status :
       {FleetStatus::unknown, FleetStatus::start_requested, FleetStatus::starting, FleetStatus::running,
        FleetStatus::stop_requested, FleetStatus::stopping, FleetStatus::stopped}) {
    const boost::json::value text(to_string(status));
    EXPECT_NE(std::ranges::find(known, text), known.end()) << text;
  }
}

}  // namespace
}  // namespace slipway::surface::parallelcluster
