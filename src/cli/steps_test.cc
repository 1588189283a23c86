#include "cli/steps.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace slipway::cli {
namespace {

TEST(Why, TellsTheChainFromTheRequestToTheLastWordsOfWhatFailed) {
  auto why = boost::json::parse(R"({
    "id": "env-1", "name": "demo", "type": "parallelcluster", "region": "local", "status": "failed",
    "createdAt": "2026-03-01T12:00:00.000Z", "conclusion": "demo is failed; nothing of it is left.",
    "requests": [
      {"at": "2026-03-01T12:00:00.000Z", "operation": "CreateCluster", "surface": "parallelcluster", "who": "administrator",
       "requestId": "r1", "correlationId": "c1"},
      {"at": "2026-03-01T12:00:09.000Z", "operation": "DeleteCluster", "surface": "parallelcluster", "who": "ci",
       "requestId": "r2"}],
    "executions": [
      {"kind": "launch", "document": "parallelcluster/launch:1", "state": "Failed", "failedStep": "Start",
       "createdAt": "2026-03-01T12:00:00.001Z", "startedAt": "2026-03-01T12:00:00.001Z", "endedAt": "2026-03-01T12:00:02.001Z",
       "failure": {"code": "DaemonDied", "message": "slurmctld ended with exit code 1"},
       "steps": [
         {"name": "Prepare", "action": "local:slurmPrepare", "state": "Success", "attempts": 1,
          "startedAt": "2026-03-01T12:00:00.010Z", "endedAt": "2026-03-01T12:00:00.260Z"},
         {"name": "Start", "action": "local:slurmStart", "state": "Failed", "attempts": 1, "restarts": 1,
          "startedAt": "2026-03-01T12:00:00.260Z", "endedAt": "2026-03-01T12:00:01.260Z",
          "failure": {"code": "DaemonDied", "message": "slurmctld ended with exit code 1", "evidence": ["fatal: no port"]}}]},
      {"kind": "terminate", "document": "parallelcluster/terminate:1", "state": "Success",
       "createdAt": "2026-03-01T12:00:09.001Z", "steps": []}]})");
  EXPECT_EQ(
      describe_why(why),
      "demo is failed; nothing of it is left.\n"
      "\n"
      "env-1 of type parallelcluster in region local, times of 2026-03-01 in UTC\n"
      "12:00:00.000  CreateCluster by administrator over parallelcluster, request r1, correlation c1\n"
      "12:00:00.001  launch with document parallelcluster/launch:1: Failed after 2.00 s\n"
      "12:00:00.010    Prepare (local:slurmPrepare): Success after 0.25 s\n"
      "12:00:00.260    Start (local:slurmStart): Failed after 1.00 s, taken up again after 1 restart of the broker\n"
      "                  slurmctld ended with exit code 1 (DaemonDied)\n"
      "                  | fatal: no port\n"
      "12:00:09.000  DeleteCluster by ci over parallelcluster, request r2\n"
      "12:00:09.001  terminate with document parallelcluster/terminate:1: Success\n");
}

TEST(Why, SaysWhatAPersonHasToDo) {
  const auto told = [](std::string_view action, std::string_view state, std::string_view waits_for = "") {
    return describe_why(
        {{"executions",
          {{{"id", "e-1"},
            {"kind", "launch"},
            {"createdAt", "2026-03-01T12:00:00.001Z"},
            {"steps", {{{"name", "Ask"}, {"action", action}, {"state", state}, {"waitsFor", waits_for}}}}}}}});
  };
  EXPECT_NE(told("aws:approve", "Waiting").find("slipway execution approve e-1, or reject"), std::string::npos);
  EXPECT_NE(told("aws:pause", "Waiting").find("slipway execution resume e-1"), std::string::npos);
  EXPECT_EQ(told("aws:approve", "Success").find("slipway execution"), std::string::npos);
  EXPECT_EQ(told("aws:sleep", "Waiting").find("slipway execution"), std::string::npos);
  EXPECT_NE(
      told("local:make", "Waiting", "decision").find("is held until a person decides: slipway execution adopt e-1"),
      std::string::npos);
  EXPECT_EQ(told("local:make", "Waiting").find("is held"), std::string::npos) << "it waits for its next attempt";
}

TEST(Why, NamesTheChildOfAStep) {
  const auto told = [](std::string_view state) {
    return describe_why({{"executions",
                          {{{"id", "e-1"},
                            {"steps",
                             {{{"name", "Child"},
                               {"action", "aws:executeAutomation"},
                               {"state", state},
                               {"waitsFor", "child"},
                               {"child", "e-2"}}}}}}}});
  };
  EXPECT_NE(told("Waiting").find("waits for its child e-2: slipway why e-2\n"), std::string::npos);
  EXPECT_NE(told("Success").find("    child e-2\n"), std::string::npos);
}

TEST(Why, ShowsWhatApproversAreAskedAndWhatTheySaid) {
  const auto why = boost::json::parse(R"({"executions": [{"id": "e-1", "kind": "launch", "createdAt": "", "steps": [
    {"name": "Ask", "action": "aws:approve", "state": "Waiting", "approval": {
      "message": "Open the gate?", "approvers": ["ann", "bob"], "required": 2, "decisions": [
        {"decision": "approve", "by": "ann", "at": "2026-03-01T12:00:00.000Z", "comment": "go on"},
        {"decision": "reject", "by": "bob", "at": "2026-03-01T12:01:00.000Z"}]}}]}]})");
  const auto told = describe_why(why);
  EXPECT_NE(told.find("asks ann, bob, of whom 2 have to approve: Open the gate?\n"), std::string::npos) << told;
  EXPECT_NE(told.find("approved by ann at 2026-03-01 12:00:00 UTC: go on\n"), std::string::npos) << told;
  EXPECT_NE(told.find("rejected by bob at 2026-03-01 12:01:00 UTC\n"), std::string::npos) << told;
}

TEST(Why, TellsACompletionFromACancellation) {
  const auto told = [](bool completing) {
    return describe_why({{"executions", {{{"id", "e-1"}, {"cancelledBy", "ann"}, {"completing", completing}}}}});
  };
  EXPECT_NE(told(false).find("cancelled by ann"), std::string::npos);
  EXPECT_NE(told(true).find("told to begin no further step by ann"), std::string::npos);
}

TEST(Why, WhatTheBrokerDoesByItselfHasNoSurfaceAndNoRequest) {
  const auto told = describe_why(boost::json::parse(R"({"requests": [
    {"at": "2026-03-01T12:00:00.000Z", "operation": "Idle", "surface": "broker", "who": "slipway"},
    {"at": "2026-03-01T12:00:00.000Z", "operation": "ProgramDied", "surface": "broker", "who": "slipway",
     "after": {"reason": "The program main died."}}]})"));
  EXPECT_NE(told.find("  Idle by slipway\n"), std::string::npos) << told;
  EXPECT_NE(told.find("  ProgramDied by slipway: The program main died.\n"), std::string::npos) << told;
}

}  // namespace
}  // namespace slipway::cli
