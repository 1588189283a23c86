#include "surface/parallelcluster/configuration.h"

#include <gtest/gtest.h>

#include "surface/parallelcluster/surface_fixture.h"

namespace slipway::surface::parallelcluster {
namespace {

using test_world::first_cluster;
using test_world::replaced;

constexpr std::string_view kNoYaml = "Configuration must be a valid YAML document. ";

std::string refusal(std::string_view text) {
  return parse_configuration(text).error().message;
}

std::string schema_refusal(const std::string& text) {
  return printed(check_configuration(parse_configuration(text).value()));
}

TEST(Configuration, AnEmptyTextIsRefused) {
  EXPECT_EQ(refusal(""), "configuration is required and cannot be empty");
}

TEST(Configuration, WhatParsesAsAnIniFileIsTakenForVersion2) {
  for (const auto* text :
       {"\n", "# only a comment\n", "[cluster default]\nkey_name = a\n", "[global]\n", "[a]\nb: c\n"}) {
    EXPECT_TRUE(refusal(text).starts_with("ParallelCluster 3 requires configuration files to be valid YAML")) << text;
  }
}

TEST(Configuration, AYamlErrorSaysWhereAndShowsTheLine) {
  const auto text = refusal("Image:\n  Os: [alinux2\nHeadNode: 1\n");
  EXPECT_TRUE(text.starts_with(kNoYaml)) << text;
  EXPECT_NE(text.find("\n in \"<unicode string>\", line 3, column "), std::string::npos) << text;
  EXPECT_NE(text.find("\n    HeadNode: 1\n    "), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("^")) << text;
}

TEST(Configuration, ADuplicateKeyIsRefusedWithItsPlace) {
  EXPECT_EQ(refusal("Image: 1\nImage: 2\n"), std::string(kNoYaml) +
                                                 "Duplicate key found: Image\n in \"<unicode string>\", line 2, "
                                                 "column 1:\n    Image: 2\n    ^");
}

TEST(Configuration, OfALongLineTheExcerptIsWhatPyYamlShows) {
  EXPECT_EQ(refusal("a: " + std::string(100, 'b') + ": " + std::string(100, 'c')),
            std::string(kNoYaml) +
                "illegal map value\n in \"<unicode string>\", line 1, "
                "column 104:\n     ... bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb: cccccccccccccccccccccccccccccc "
                "... \n                                         ^");
}

TEST(Configuration, WhatIsNoMappingIsRefused) {
  for (const auto* text : {"- a\n- b\n", "just text", "null\n", "5\n"}) {
    EXPECT_EQ(refusal(text), std::string(kNoYaml) + "Parsed config is not a dict") << text;
  }
}

TEST(Configuration, TheExampleIsInOrder) {
  EXPECT_EQ(schema_refusal(first_cluster()), "[]");
}

struct Case {
  std::string_view from;
  std::string_view to;
  std::string_view printed;
};

TEST(Configuration, EachSchemaProblemIsWordedAsTheReferenceDoes) {
  const std::vector<Case> cases{
      {"InstanceType: t3.micro", "X: 1", "[('HeadNode', {'InstanceType': ['Missing data for required field.']})]"},
      {"InstanceType: t3.micro", "InstanceType: 5", "[('HeadNode', {'InstanceType': ['Not a valid string.']})]"},
      {"InstanceType: t3.micro", "InstanceType: null", "[('HeadNode', {'InstanceType': ['Field may not be null.']})]"},
      {"Os: alinux2", "Os: windows",
       "[('Image', {'Os': ['Must be one of: alinux2, alinux2023, ubuntu2004, ubuntu2204, rhel8, rocky8, rhel9, "
       "rocky9.']})]"},
      {"Scheduler: slurm", "Scheduler: cron", "[('Scheduling', {'Scheduler': ['Must be one of: slurm, awsbatch.']})]"},
      {"Scheduler: slurm", "Scheduler: awsbatch",
       "[('Scheduling', {'_schema': ['Scheduling > *Settings section is not appropriate to the Scheduler: "
       "awsbatch.']})]"},
      {"SubnetId: subnet-0123456789abcdef0", "SubnetId: net-1",
       "[('HeadNode', {'Networking': {'SubnetId': ['String does not match expected pattern.']}})]"},
      {"- subnet-0123456789abcdef0", "- net-1",
       "[('Scheduling', {'SlurmQueues': {0: {'Networking': {'SubnetIds': {0: ['String does not match expected "
       "pattern.']}}}}})]"},
      {"SubnetIds:\n          - subnet-0123456789abcdef0", "SubnetIds: x",
       "[('Scheduling', {'SlurmQueues': {0: {'Networking': {'SubnetIds': ['Not a valid list.']}}}})]"},
      {"MinCount: 1", "MinCount: -1",
       "[('Scheduling', {'SlurmQueues': {0: {'ComputeResources': {0: {'MinCount': ['Must be greater than or equal to "
       "0.']}}}}})]"},
      {"MinCount: 1", "MinCount: many",
       "[('Scheduling', {'SlurmQueues': {0: {'ComputeResources': {0: {'MinCount': ['Not a valid integer.']}}}}})]"},
      {"InstanceType: c5.large", "X: 1",
       "[('Scheduling', {'SlurmQueues': {0: {'ComputeResources': {0: {'_schema': ['A Compute Resource needs to specify "
       "Instances, InstanceType or CapacityReservationId.']}}}}})]"},
      {"InstanceType: c5.large", "InstanceType: c5.large\n          Instances: [{InstanceType: c5.large}]",
       "[('Scheduling', {'SlurmQueues': {0: {'ComputeResources': {0: {'_schema': ['A Compute Resource needs to specify "
       "either InstanceType or Instances.']}}}}})]"},
      {"ScaledownIdletime: 10", "ScaledownIdletime: -2",
       "[('Scheduling', {'SlurmSettings': {'ScaledownIdletime': ['Must be greater than or equal to -1.']}})]"},
      {"Key: project", "Key: parallelcluster:mine",
       "[('Tags', [\"The tag key prefix 'parallelcluster:' is reserved and cannot be used.\"])]"},
      {"Key: project", "Key: slipway:slurm-conf",
       "[('Tags', [\"The tag key prefix 'slipway:' is reserved and cannot be used.\"])]"},
      {"Tags:", "Tags:\n  - {Key: project, Value: x}",
       "[('Tags', ['Duplicate tag key (project) detected. Tags keys should be unique within the Tags section.'])]"},
      {"Image:\n  Os: alinux2", "Image: 5", "[('Image', {'_schema': ['Invalid input type.']})]"},
      {"Image:\n  Os: alinux2\nHeadNode:\n  InstanceType: t3.micro", "HeadNode:",
       "[('HeadNode', {'InstanceType': ['Missing data for required field.']}), ('Image', ['Missing data for required "
       "field.'])]"},
  };
  for (const auto& [from, to, expected] : cases) {
    EXPECT_EQ(schema_refusal(replaced(first_cluster(), from, to)), expected) << to;
  }
}

TEST(Configuration, WhatNoFieldNamesIsAccepted) {
  EXPECT_EQ(schema_refusal(first_cluster() + "Monitoring:\n  DetailedMonitoring: true\n"), "[]");
}

TEST(Configuration, IsReadWithTheDefaultsFilledIn) {
  auto text = replaced(first_cluster(), "  SlurmSettings:\n    ScaledownIdletime: 10\n", "");
  text = replaced(text, "          MinCount: 1\n          MaxCount: 3\n", "");
  const auto read = read_configuration(parse_configuration(text).value());
  EXPECT_EQ(read.scheduler, "slurm");
  ASSERT_EQ(read.queues.size(), 1u);
  ASSERT_EQ(read.queues[0].compute_resources.size(), 1u);
  EXPECT_EQ(read.queues[0].compute_resources[0].max_count, 10);
  EXPECT_EQ(read.tags.at("project"), "first-steps");
  const boost::json::value effective(read.effective);
  EXPECT_EQ(effective.at_pointer("/Scheduling/SlurmSettings/ScaledownIdletime"), 10);
  EXPECT_EQ(effective.at_pointer("/Scheduling/SlurmQueues/0/ComputeResources/0/MinCount"), 0);
  EXPECT_EQ(effective.at_pointer("/Scheduling/SlurmQueues/0/ComputeResources/0/MaxCount"), 10);
  EXPECT_EQ(effective.at_pointer("/Image/Os"), "alinux2");
}

TEST(Configuration, AnIntegerWrittenAsATextIsANumberAfterwards) {
  const auto text = replaced(first_cluster(), "MaxCount: 3", "MaxCount: '4'");
  const auto read = read_configuration(parse_configuration(text).value());
  EXPECT_EQ(boost::json::value(read.effective).at_pointer("/Scheduling/SlurmQueues/0/ComputeResources/0/MaxCount"), 4);
}

}  // namespace
}  // namespace slipway::surface::parallelcluster
