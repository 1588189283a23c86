#include "broker/types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "broker/test_world.h"

namespace slipway::broker {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kDocument = R"(schemaVersion: '0.3'
parameters:
  Size: {type: Integer}
mainSteps:
  - {name: Wait, action: 'aws:sleep', inputs: {Duration: PT1S}, isEnd: true}
)";

class Types : public testing::Test {
 protected:
  void write(const std::string& file, std::string_view text) {
    const auto path = folder.path / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void write_type(std::string_view text) {
    write("thing/type.yaml", text);
    write("thing/launch.yaml", kDocument);
    write("thing/terminate.yaml", kDocument);
    write("thing/table.yaml", "small: {cpus: 1}\nlarge: {cpus: 8}\n");
  }
  base::Result<TypeRegistry> load() { return TypeRegistry::load(folder.path, actions, extensions); }

  test_world::TemporaryFolder folder;
  workflow::ActionRegistry actions;
  TypeRegistry::Extensions extensions;
};

constexpr std::string_view kGood = R"(name: thing
title: A thing
parameters:
  Size: {type: Integer, default: 2}
documents:
  local: {launch: launch.yaml, terminate: terminate.yaml}
data:
  table: table.yaml
)";

TEST_F(Types, AFolderBecomesAType) {
  write_type(kGood);
  const auto registry = load().value();
  EXPECT_THAT(registry.names(), ElementsAre("thing"));
  const auto& type = *registry.find("thing");
  EXPECT_EQ(type.title, "A thing");
  EXPECT_EQ(type.document("local", "launch")->steps.front().name, "Wait");
  EXPECT_EQ(type.document("local", "launch")->name, "thing/launch.yaml");
  EXPECT_EQ(type.document("local", "resize"), nullptr);
  EXPECT_EQ(type.document("aws", "launch"), nullptr);
  EXPECT_EQ(type.data.at("table").at("large").at("cpus"), 8);
  EXPECT_EQ(registry.find("other"), nullptr);
}

TEST_F(Types, AnExtensionAddsToATableAndWins) {
  write_type(kGood);
  write("more.yaml", "large: {cpus: 16}\nhuge: {cpus: 64}\n");
  extensions["thing/table"] = folder.path / "more.yaml";
  const auto registry = load().value();
  const auto& table = registry.find("thing")->data.at("table");
  EXPECT_EQ(table.at("small").at("cpus"), 1);
  EXPECT_EQ(table.at("large").at("cpus"), 16);
  EXPECT_EQ(table.at("huge").at("cpus"), 64);
}

TEST_F(Types, EveryMistakeIsToldWithFileAndLine) {
  write_type(R"(name: other
colour: green
parameters:
  Size: {type: Colour}
  Count: {type: Integer, default: many}
documents:
  local: {launch: launch.yaml, resize: stop.yaml}
data:
  table: missing.yaml
)");
  const auto error = load().error();
  EXPECT_EQ(error.kind, base::ErrorKind::invalid);
  EXPECT_THAT(error.message,
              AllOf(HasSubstr("thing/type.yaml:1:7: name must be the folder's: thing"),
                    HasSubstr("thing/type.yaml:2:1: unknown key colour"),
                    HasSubstr("thing/type.yaml:4:3: parameter Size needs a type"),
                    HasSubstr("thing/type.yaml:5:35: default of Count must be of type Integer"),
                    HasSubstr("unknown operation resize"), HasSubstr("provider local has no terminate document"),
                    HasSubstr("missing.yaml cannot be read")));
}

TEST_F(Types, ADocumentsOwnMistakeIsToldWithItsLine) {
  write_type(kGood);
  write("thing/launch.yaml", "schemaVersion: '0.3'\nmainSteps:\n  - {name: A, action: 'local:nothing', inputs: {}}\n");
  EXPECT_THAT(load().error().message, AllOf(HasSubstr("launch.yaml:3"), HasSubstr("E-ACTION")));
}

TEST_F(Types, ADocumentMayOnlyAskForWhatALaunchIsGiven) {
  write_type(kGood);
  write("thing/type.yaml", R"(name: thing
documents:
  local: {launch: launch.yaml, terminate: terminate.yaml}
)");
  EXPECT_THAT(load().error().message, HasSubstr("asks for the parameter Size, which type.yaml does not declare"));
}

TEST_F(Types, ATypeThatIsNoYamlIsToldWithItsLine) {
  write_type("name: [thing\n");
  EXPECT_THAT(load().error().message, AllOf(HasSubstr("thing/type.yaml"), HasSubstr("line")));
}

TEST_F(Types, AMissingFolderIsToldWithTheSetting) {
  const auto error = TypeRegistry::load(folder.path / "nowhere", actions).error();
  EXPECT_EQ(error.kind, base::ErrorKind::not_found);
  EXPECT_THAT(error.message, HasSubstr("types"));
}

TEST_F(Types, ParametersAreFilledInAndChecked) {
  write_type(kGood);
  const auto registry = load().value();
  const auto& type = *registry.find("thing");
  EXPECT_EQ(bind_parameters(type, {}).value().at("Size"), 2);
  EXPECT_EQ(bind_parameters(type, {{"Size", 5}}).value().at("Size"), 5);
  EXPECT_EQ(bind_parameters(type, {{"Size", "5"}}).error().message, "Parameters: Size must be of type Integer.");
  EXPECT_EQ(bind_parameters(type, {{"Colour", 5}}).error().message, "Parameters: Colour is no parameter of thing.");
}

TEST(BuiltInTypes, EachInstanceTypeHasItsFacts) {
  test_world::World world;
  const auto& table = world.types->find("parallelcluster")->data.at("instance-types");
  EXPECT_GE(table.size(), 60u);
  for (const auto& [name, facts] : table) {
    SCOPED_TRACE(std::string_view(name));
    EXPECT_GE(facts.at("vcpus").as_int64(), 1);
    EXPECT_GE(facts.at("memory_mib").as_int64(), 512);
    const auto& architecture = facts.at("architecture").as_string();
    EXPECT_TRUE(architecture == "x86_64" || architecture == "arm64");
  }
}

}  // namespace
}  // namespace slipway::broker
