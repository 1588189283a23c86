#include "broker/outside_status.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace slipway::broker {
namespace {

// The maps of Service Workbench 2.0.3 (contracts/workbench.md, 4.6).
const StatusSources kSources{
    {"automation", {.status = "Status", .instance = "", .alternates = {}}},
    {"sagemaker",
     {.status = "NotebookInstanceStatus",
      .instance = "NotebookInstanceName",
      .alternates = {{"inservice", "COMPLETED"}, {"deleting", "TERMINATING"}, {"deleted", "TERMINATED"}}}}};

std::optional<OutsideStatus> read(std::string_view source, std::string_view detail) {
  return outside_status(kSources, source, boost::json::parse(detail).as_object());
}

TEST(OutsideStatus, WordsOfServicesBecomeOurs) {
  const struct {
    std::string_view source, said, word;
  } kCases[] = {
      {"aws.sagemaker", "InService", "COMPLETED"},
      {"aws.sagemaker", "Deleting", "TERMINATING"},
      {"aws.sagemaker", "Deleted", "TERMINATED"},
      {"aws.sagemaker", "Pending", "PENDING"},
      {"aws.sagemaker", "Stopping", "STOPPING"},
      {"aws.sagemaker", "Stopped", "STOPPED"},
      {"aws.sagemaker", "Failed", "FAILED"},
      // The guide says that letter case is no matter; there it was.
      {"aws.sagemaker", "INSERVICE", "COMPLETED"},
      {"aws.sagemaker", "deleted", "TERMINATED"},
  };
  for (const auto& one : kCases) {
    const auto detail =
        std::string(R"({"NotebookInstanceName": "n", "NotebookInstanceStatus": ")") + std::string(one.said) + "\"}";
    const auto event = read(one.source, detail);
    ASSERT_TRUE(event) << one.said;
    EXPECT_EQ(event->word, one.word);
    EXPECT_EQ(event->instance_id, "n");
  }
}

TEST(OutsideStatus, WhatMeansNothingIsLeft) {
  EXPECT_FALSE(read("aws.sagemaker", R"({"NotebookInstanceName": "n", "NotebookInstanceStatus": "Updating"})"));
  EXPECT_FALSE(read("aws.sagemaker", R"({"NotebookInstanceName": "n"})"));
  EXPECT_FALSE(read("aws.sagemaker", R"({"NotebookInstanceStatus": "Stopped"})"));
  EXPECT_FALSE(read("aws.ec2", R"({"NotebookInstanceName": "n", "NotebookInstanceStatus": "Stopped"})"));
  EXPECT_FALSE(read("automation", R"({"EnvId": "env-1", "Status": {"deep": 1}})"));
}

TEST(OutsideStatus, TheEnvironmentIsNamedByTheEventOrItsTag) {
  const auto automation =
      read("automation", R"({"EnvId": "env-1", "Operation": "Launch", "Status": "COMPLETED", "EnvType": "unknown"})");
  ASSERT_TRUE(automation);  // an unknown EnvType is no exception: the environment knows its type
  EXPECT_EQ(automation->environment_id, "env-1");
  EXPECT_EQ(automation->operation, "Launch");
  EXPECT_EQ(automation->error, "");
  const auto tagged = read("aws.sagemaker", R"({"Tags": {"Env": "env-2"}, "NotebookInstanceStatus": "Stopped"})");
  EXPECT_EQ(tagged->environment_id, "env-2");
  EXPECT_EQ(tagged->instance_id, "");
}

TEST(OutsideStatus, AnErrorIsTextOrJson) {
  EXPECT_EQ(read("automation", R"({"EnvId": "e", "Status": "FAILED", "ErrorMessage": "no"})")->error, "no");
  EXPECT_EQ(
      read("automation", R"({"EnvId": "e", "Status": "TERMINATING_FAILED", "ErrorMessage": [{"Code": 1}]})")->error,
      R"([{"Code":1}])");
}

TEST(OutsideStatus, LateNewsOfALaunchChangeNothing) {
  OutsideStatus launched{
      .word = "COMPLETED", .environment_id = "e", .instance_id = {}, .operation = "Launch", .error = {}};
  EXPECT_TRUE(changes(Status::pending, launched));
  for (const auto stored : {Status::stopped, Status::terminating, Status::terminated, Status::available}) {
    EXPECT_FALSE(changes(stored, launched));
  }
  OutsideStatus stopped{.word = "STOPPED", .environment_id = {}, .instance_id = "n", .operation = {}, .error = {}};
  EXPECT_TRUE(changes(Status::stopping, stopped));
  EXPECT_FALSE(changes(Status::stopped, stopped));
  EXPECT_FALSE(changes(Status::terminated, stopped));
}

TEST(OutsideStatus, EveryWordHasItsStatus) {
  for (const auto word : status_words()) {
    const auto status = std::string(to_string(status_of(word)));
    EXPECT_EQ(
        word == "COMPLETED" ? "available" : status, word == "COMPLETED" ? status : [&] {
          std::string lower(word);
          for (auto& c : lower) c = static_cast<char>(std::tolower(c));
          return lower;
        }());
  }
}

TEST(InstanceFacts, AreFoundInOutputsRecordsStacksAndMaps) {
  const InstanceKeys keys{.id = "NotebookInstanceName", .arn = "NotebookArn", .role = "EnvironmentInstanceRoleArn"};
  const auto find = [&](std::string_view outputs) {
    return instance_of(keys, boost::json::parse(outputs).as_object());
  };
  EXPECT_EQ(find(R"({"Launch.NotebookInstanceName": "n", "Launch.Other": 1})").id, "n");
  const auto record = find(R"({"Describe.RecordOutputs": [
      {"OutputKey": "NotebookInstanceName", "OutputValue": "BasicNotebookInstance-foo"},
      {"OutputKey": "NotebookArn", "OutputValue": "arn:aws:sagemaker:us-east-1:1:notebook-instance/x"},
      {"OutputKey": "EnvironmentInstanceRoleArn", "OutputValue": "arn:aws:iam::1:role/r"}]})");
  EXPECT_EQ(record.id, "BasicNotebookInstance-foo");
  EXPECT_EQ(record.arn, "arn:aws:sagemaker:us-east-1:1:notebook-instance/x");
  EXPECT_EQ(record.role, "arn:aws:iam::1:role/r");
  // A StringList holds records as their JSON text.
  EXPECT_EQ(find(R"({"D.Outputs": ["{\"OutputKey\":\"NotebookArn\",\"OutputValue\":\"a\"}", "no json"]})").arn, "a");
  EXPECT_EQ(find(R"({"D.Outputs": {"EnvironmentInstanceRoleArn": "r"}})").role, "r");
  // Outputs that are missing are no exception, as they were after a failed launch.
  EXPECT_EQ(find("{}").id, "");
  EXPECT_EQ(instance_of({}, {{"Launch.Name", "n"}}).id, "");
}

}  // namespace
}  // namespace slipway::broker
