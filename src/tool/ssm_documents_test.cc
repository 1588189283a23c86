#include "tool/ssm_documents.h"

#include <gmock/gmock.h>

#include "tool/test_support.h"

namespace slipway::tool {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

std::string document(const std::string& steps, const std::string& parameters = "{}") {
  return "schemaVersion: '0.3'\nparameters: " + parameters + "\nmainSteps:\n" + steps;
}

std::string executes(const std::string& name) {
  return "  - {name: Child, action: 'aws:executeAutomation', inputs: {DocumentName: " + name + "}}\n";
}

const std::string kRest = "  - {name: Rest, action: 'aws:sleep', inputs: {Duration: PT1S}, isEnd: true}\n";

class SsmDocuments : public testing::Test {
 protected:
  // The word of the command line for a file with this text.
  std::string file(const std::string& name, const std::string& text, const std::string& as = {}) const {
    folder_.write(name, text);
    return (as.empty() ? "" : as + "=") + (folder_.path() / name).string();
  }

  TemporaryFolder folder_;
};

TEST_F(SsmDocuments, AChildLandsUnderTheNameThatItIsExecutedBy) {
  const auto taken = take_over({file("MyLaunch.yaml", document(executes("Make-Disk.v2") + kRest)),
                                file("MyTerminate.json", document(executes("undo") + kRest)),
                                file("stored.yml", document(kRest, "{Size: {type: String}}"), "Make-Disk.v2"),
                                file("undo.yaml", document(kRest))});
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_THAT(taken->operations, ElementsAre(Pair("launch", "MyLaunch.yaml"), Pair("terminate", "MyTerminate.json")));
  EXPECT_THAT(taken->children, UnorderedElementsAre("Make-Disk.v2.yml", "undo.yaml"));
  EXPECT_THAT(taken->parameters, testing::IsEmpty()) << "the step that executes it gives a child its parameters";
}

TEST_F(SsmDocuments, AMissingChildIsAskedForWithTheOptionThatGivesIt) {
  const auto body =
      "  - {name: Each, action: 'aws:loop', inputs: {Iterators: [a], Steps: [{name: In, action: "
      "'aws:executeAutomation', inputs: {DocumentName: 'arn:aws:ssm:eu-west-2:1:document/Inner'}}]}}\n";
  const auto taken = take_over({file("Launch.yaml", document(body + executes("Outer") + executes("'{{ Name }}'"))),
                                file("Terminate.yaml", document(kRest))});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().message,
            "The step In of Launch.yaml executes Inner, which is not given: add --from-ssm Inner=FILE. "
            "The step Child of Launch.yaml executes Outer, which is not given: add --from-ssm Outer=FILE.");
}

TEST_F(SsmDocuments, AnOperationsDocumentThatOthersExecuteIsAChildToo) {
  const auto taken = take_over({file("a.yaml", document(executes("terminate") + executes("b") + kRest), "launch"),
                                file("end.yaml", document(kRest, "{Id: {type: String}}"), "terminate"),
                                file("b.yaml", document(kRest))});
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_EQ(taken->operations.at("terminate"), "terminate.yaml");
  EXPECT_THAT(taken->children, UnorderedElementsAre("terminate.yaml", "b.yaml"));
  EXPECT_THAT(taken->parameters, ElementsAre(Pair("Id", testing::_)));
}

TEST_F(SsmDocuments, WhatOthersExecuteIsNoOperationWhereAnotherDocumentMayBe) {
  const auto taken = take_over({file("LaunchHelper.yaml", document(kRest)),
                                file("MyLaunch.yaml", document(executes("LaunchHelper") + kRest)),
                                file("MyTerminate.yaml", document(kRest))});
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_EQ(taken->operations.at("launch"), "MyLaunch.yaml");
  EXPECT_THAT(taken->children, ElementsAre("LaunchHelper.yaml"));
}

TEST_F(SsmDocuments, TwoForOneOperationOrOfOneNameAreRefused) {
  const auto a = file("a.yaml", document(kRest)), b = file("b.yaml", document(kRest));
  const auto word = [](const std::string& name, const std::string& path) { return name + "=" + path; };
  EXPECT_THAT(take_over({word("launch", a), word("launch", b)}).error().message,
              HasSubstr("Two documents are to launch"));
  EXPECT_THAT(take_over({word("x", a), word("x", b)}).error().message, HasSubstr("Two documents are called x.yaml"));
  EXPECT_THAT(take_over({word("type", a)}).error().message, HasSubstr("type.yaml"));
}

TEST_F(SsmDocuments, ACallOfAwsInALoopIsOneToo) {
  const auto body =
      "  - {name: Each, action: 'aws:loop', inputs: {Iterators: [a], Steps: [{name: In, action: "
      "'aws:executeAwsApi', inputs: {Service: s3, Api: ListBuckets}}]}}\n";
  EXPECT_TRUE(take_over({file("Launch.yaml", document(body))})->aws);
  EXPECT_FALSE(take_over({file("Terminate.yaml", document(kRest))})->aws);
}

}  // namespace
}  // namespace slipway::tool
