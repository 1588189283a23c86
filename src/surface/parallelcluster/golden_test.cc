// Answers of the released reference (shared/parallelcluster/validation), for the cases that today's schema and
// validators cover. SLIPWAY_SHARED names the folder of the contracts; else it is looked for beside the repository.
#include <cstdlib>

#include "surface/parallelcluster/surface_fixture.h"

namespace slipway::surface::parallelcluster {
namespace {

std::filesystem::path validation_folder() {
  const auto* shared = std::getenv("SLIPWAY_SHARED");
  const auto root = std::filesystem::path(shared == nullptr ? "../shared" : shared);
  return root / "parallelcluster/validation";
}

// One case that is skipped, where the folder is not there.
constexpr std::string_view kAbsent = "absent";

std::vector<std::string> cases() {
  if (!std::filesystem::is_directory(validation_folder())) return {std::string(kAbsent)};
  return {"valid-reference",
          "schema-yaml-broken",
          "schema-yaml-empty",
          "schema-yaml-list",
          "cluster-name-characters",
          "cluster-name-too-long",
          "instance-type-unknown-head",
          "region-unsupported",
          "queue-count-51",
          "queue-duplicate",
          "queue-name-default",
          "queue-name-long",
          "cr-count-51",
          "cr-name-dynamic-infix",
          "instances-empty-list",
          "schema-bad-os",
          "schema-bad-scheduler",
          "schema-bad-subnet",
          "schema-duplicate-tag",
          "schema-instance-type-and-instances",
          "schema-missing-headnode",
          "schema-missing-instance-type",
          "schema-missing-queues",
          "schema-missing-subnet",
          "schema-negative-mincount",
          "schema-no-instance-type",
          "schema-settings-of-other-scheduler",
          "schema-tag-missing-value",
          "schema-wrong-type-int",
          "schema-wrong-type-list",
          "schema-eip-type",
          "slurm-nodename-fine",
          "slurm-priorities"};
}

// In words the reference's parser has of its own; ours are checked in configuration_test.cc.
constexpr std::string_view kOtherWords = "schema-yaml-broken";

class Golden : public test_world::SurfaceTest, public testing::WithParamInterface<std::string> {};

TEST_P(Golden, TheAnswerIsTheReferences) {
  if (GetParam() == kAbsent) GTEST_SKIP() << validation_folder() << " is not there";
  const auto folder = validation_folder() / GetParam();
  const auto expected = boost::json::parse(test_world::read_file(folder / "expected.json"));
  const auto answer = create(std::string(expected.at("name").as_string()),
                             test_world::read_file(folder / "config.yaml"), {{"dryrun", "true"}});
  EXPECT_EQ(answer.status, expected.at("status").as_int64());
  if (GetParam() == kOtherWords) {
    EXPECT_TRUE(answer.message().starts_with("Bad Request: Configuration must be a valid YAML document. "));
    EXPECT_NE(answer.message().find("in \"<unicode string>\", line 2, column "), std::string::npos);
  } else {
    EXPECT_EQ(answer.body, expected.at("body"));
  }
}

INSTANTIATE_TEST_SUITE_P(Reference, Golden, testing::ValuesIn(cases()),
                         [](const testing::TestParamInfo<std::string>& name) {
                           auto text = name.param;
                           std::ranges::replace(text, '-', '_');
                           return text;
                         });

}  // namespace
}  // namespace slipway::surface::parallelcluster
