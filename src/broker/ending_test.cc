#include "broker/ending.h"

#include <gtest/gtest.h>

namespace slipway::broker {
namespace {

workflow::Ended ended(std::string kind, workflow::Status status) {
  workflow::Ended ended;
  ended.kind = std::move(kind);
  ended.status = status;
  ended.at = base::Time(std::chrono::milliseconds(5));
  return ended;
}

Environment environment(Status status) {
  Environment environment;
  environment.status = status;
  return environment;
}

TEST(Ending, EachEndHasItsStatus) {
  using workflow::Status::cancelled;
  using workflow::Status::failed;
  using workflow::Status::success;
  using workflow::Status::timed_out;
  struct Case {
    std::string kind;
    workflow::Status end;
    Status before;
    Status after;
  };
  const std::vector<Case> cases{
      {"launch", success, Status::pending, Status::available},
      {"launch", failed, Status::pending, Status::failed},
      {"launch", timed_out, Status::pending, Status::failed},
      {"launch", cancelled, Status::pending, Status::failed},
      // A launch that was to end, however it did.
      {"launch", success, Status::terminating, Status::terminating},
      {"launch", cancelled, Status::terminating, Status::terminating},
      {"start", success, Status::starting, Status::available},
      {"start", failed, Status::starting, Status::starting_failed},
      {"start", timed_out, Status::starting, Status::starting_failed},
      {"start", cancelled, Status::terminating, Status::terminating},
      {"stop", success, Status::stopping, Status::stopped},
      {"stop", failed, Status::stopping, Status::stopping_failed},
      {"stop", success, Status::terminating, Status::terminating},
      {"terminate", success, Status::terminating, Status::terminated},
      {"terminate", failed, Status::terminating, Status::terminating_failed},
      {"terminate", timed_out, Status::terminating, Status::terminating_failed},
      {"terminate", cancelled, Status::terminating, Status::terminating_failed},
  };
  for (const auto& [kind, end, before, after] : cases) {
    auto subject = environment(before);
    apply_end(ended(kind, end), subject);
    EXPECT_EQ(subject.status, after) << kind << " " << workflow::to_string(end);
    EXPECT_EQ(subject.updated_at, base::Time(std::chrono::milliseconds(5)));
  }
}

TEST(Ending, AFailureAlwaysHasACodeAndAReason) {
  auto subject = environment(Status::pending);
  apply_end(ended("launch", workflow::Status::timed_out), subject);
  EXPECT_EQ(subject.failure->code, "TimedOut");
  EXPECT_EQ(subject.failure->reason, "The launch ended as TimedOut.");
  subject = environment(Status::pending);
  auto how = ended("launch", workflow::Status::failed);
  how.failure = workflow::Failure{.step = "Start", .code = "", .message = "It died.", .evidence = {}};
  apply_end(how, subject);
  EXPECT_EQ(subject.failure->code, "StepFailed");
  EXPECT_EQ(subject.failure->reason, "It died.");
}

TEST(Ending, TheReasonCarriesTheLastLinesOfTheCommand) {
  auto subject = environment(Status::pending);
  auto how = ended("launch", workflow::Status::failed);
  how.failure =
      workflow::Failure{.step = "Start", .code = "DaemonDied", .message = "It died.", .evidence = {"1", "2", "3", "4"}};
  apply_end(how, subject);
  EXPECT_EQ(subject.failure->reason, "It died. Last lines: 2 | 3 | 4");
}

TEST(Ending, OnlyARollbackThatLeftNothingIsARollback) {
  auto how = ended("launch", workflow::Status::failed);
  auto subject = environment(Status::pending);
  apply_end(how, subject);
  EXPECT_FALSE(subject.rolled_back);
  how.outputs = {{"RolledBack", true}};
  subject = environment(Status::pending);
  apply_end(how, subject);
  EXPECT_TRUE(subject.rolled_back);
}

TEST(Ending, WhatAStartPutsOutReplacesWhatTheLaunchDid) {
  auto subject = environment(Status::starting);
  subject.outputs = {{"Port", 1}, {"Folder", "/f"}};
  auto how = ended("start", workflow::Status::success);
  how.outputs = {{"Port", 2}};
  apply_end(how, subject);
  EXPECT_EQ(subject.outputs, (boost::json::object{{"Port", 2}, {"Folder", "/f"}}));
  subject.status = Status::stopping;
  how.kind = "stop";
  how.outputs = {{"Port", 3}};
  apply_end(how, subject);
  EXPECT_EQ(subject.outputs.at("Port"), 2);
}

TEST(Ending, AStartAndAStopBeginWhereTheyMayAndARefusalSaysWhatToDo) {
  auto subject = environment(Status::pending);
  subject.name = "first";
  for (const auto status : {Status::starting_failed, Status::stopping_failed}) {
    subject.status = status;
    EXPECT_TRUE(may_begin("start", subject));
    EXPECT_TRUE(may_begin("stop", subject));
  }
  subject.status = Status::stopped;
  EXPECT_TRUE(may_begin("start", subject));
  EXPECT_EQ(may_begin("stop", subject).error().message,
            "first cannot stop while it is stopped. Nothing needs to be done.");
  subject.status = Status::available;
  EXPECT_TRUE(may_begin("stop", subject));
  EXPECT_EQ(may_begin("start", subject).error().kind, base::ErrorKind::conflict);
  for (const auto status :
       {Status::pending, Status::failed, Status::terminating, Status::terminated, Status::terminating_failed}) {
    subject.status = status;
    EXPECT_FALSE(may_begin("start", subject));
    EXPECT_FALSE(may_begin("stop", subject));
  }
}

}  // namespace
}  // namespace slipway::broker
