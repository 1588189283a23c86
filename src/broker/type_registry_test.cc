#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "broker/test_world.h"
#include "broker/types.h"

namespace slipway::broker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string type_yaml(std::string_view title) {
  return "name: thing\ntitle: " + std::string(title) +
         "\nparameters:\n  Configuration: {type: StringMap}\ninstance: {id: Id}\n"
         "documents:\n  local: {launch: launch.yaml, terminate: launch.yaml}\n";
}

constexpr std::string_view kDocument = R"(schemaVersion: '0.3'
mainSteps:
  - {name: Only, action: 'test:make', inputs: {}, isEnd: true}
outputs: [Only.Id]
)";

class Registry : public testing::Test {
 protected:
  Registry() {
    world.add_action("test:make", {"Id"});
    world.action("test:make").outputs = {{"Id", "i-1"}};
    write("launch.yaml", kDocument);
    write("type.yaml", type_yaml("One"));
    world.restart_with(folder.path());
  }

  void write(const std::string& file, std::string_view text) { folder.write("thing", file, text); }
  TypeRegistry& types() { return *world.types; }
  std::string title() {
    const auto type = types().find("thing");
    return type ? type->title : "none";
  }
  void until_title(std::string_view wanted) {
    world.until([&] { return title() == wanted; });
  }
  static TypeRegistry::Beside nothing() {
    return [](storage::Connection&, int, int) { return base::Result<void>(); };
  }
  TypeFiles files(std::string_view title) {
    return {.name = "thing", .files = {{"type.yaml", type_yaml(title)}, {"launch.yaml", std::string(kDocument)}}};
  }
  std::vector<std::int64_t> versions() {
    std::vector<std::int64_t> all;
    const auto rows = types().versions("thing").value();
    for (const auto& row : rows) all.push_back(row.version);
    return all;
  }
  base::Result<EnvironmentPtr> launch(std::string name, int version = 0) {
    auto request = test_world::World::launch_request(std::move(name));
    request.type = "thing";
    request.version = version;
    return world.launch(std::move(request));
  }
  EnvironmentPtr available(const base::EnvironmentId& id) {
    world.until([&] { return world.environments->find(id).value()->status == Status::available; });
    return world.environments->find(id).value();
  }

  test_world::TypeFolder folder;
  test_world::World world;
};

TEST_F(Registry, AFolderThatChangesIsTakenWithoutARestart) {
  EXPECT_EQ(title(), "One");
  write("type.yaml", type_yaml("Two"));
  until_title("Two");
  EXPECT_THAT(versions(), ElementsAre(2, 1));
  // The content of the first version, written anew.
  write("type.yaml", type_yaml("One"));
  until_title("One");
  EXPECT_THAT(versions(), ElementsAre(2, 1));
}

TEST_F(Registry, AnotherRootUnderTheSameNameIsTaken) {
  const auto away = folder.path().string() + ".away";
  const auto next = folder.path().string() + ".next";
  std::filesystem::copy(folder.path(), next, std::filesystem::copy_options::recursive);
  std::ofstream(next + "/thing/type.yaml") << type_yaml("Two");
  std::filesystem::rename(folder.path(), away);
  std::filesystem::rename(next, folder.path());
  until_title("Two");
  // As a deployment does it: a link that is replaced in one step.
  std::filesystem::remove_all(away);
  std::filesystem::rename(folder.path(), away);
  std::filesystem::create_symlink(away, folder.path());
  std::ofstream(away + "/thing/type.yaml") << type_yaml("Three");
  until_title("Three");
  std::filesystem::remove(folder.path());
  std::filesystem::rename(away, folder.path());
}

TEST_F(Registry, ABrokenFolderKeepsTheLastGoodVersionAndSaysWhy) {
  write("type.yaml", "name: thing\ntitle: [\n");
  world.until([&] { return !types().list().front().problem.empty(); });
  EXPECT_EQ(title(), "One");
  EXPECT_THAT(types().list().front().problem, HasSubstr(folder.path().string() + "/thing/type.yaml:3:1: E-PARSE"));
  EXPECT_TRUE(launch("first"));
  // Also where the broker starts with it.
  world.restart();
  EXPECT_EQ(title(), "One");
  EXPECT_FALSE(types().list().front().problem.empty());
  write("type.yaml", type_yaml("Three"));
  until_title("Three");
  EXPECT_TRUE(types().list().front().problem.empty());
}

TEST_F(Registry, ANewFolderIsAType) {
  const auto other = folder.path() / "other";
  std::filesystem::create_directories(other);
  std::ofstream(other / "launch.yaml") << kDocument;
  std::ofstream(other / "type.yaml")
      << "name: other\ndocuments: {local: {launch: launch.yaml, terminate: launch.yaml}}\n";
  world.until([&] { return types().find("other") != nullptr; });
  std::filesystem::remove_all(other);
  world.until([&] { return types().find("other") == nullptr; });
}

TEST_F(Registry, WhatRunsKeepsItsVersion) {
  const auto id = launch("first").value()->id;
  EXPECT_EQ(available(id)->type_version, 1);
  EXPECT_EQ(available(id)->instance_id, "i-1");
  write("type.yaml", type_yaml("Two"));
  until_title("Two");
  std::filesystem::remove_all(folder.path() / "thing");
  world.until([&] { return types().find("thing") == nullptr; });
  EXPECT_THAT(launch("second").error().message, HasSubstr("no environment type thing"));
  world.restart();
  EXPECT_EQ(types().find("thing", 1).value()->title, "One");
  world.run([&] { return world.environments->terminate(id, test_world::World::cause("Delete")); }).value();
  world.until([&] { return world.environments->find(id).value()->status == Status::terminated; });
}

TEST_F(Registry, AnUploadIsAVersionToo) {
  int before = -1, after = -1;
  const auto pushed = world.run([&] {
    return types().push(files("Pushed"), "alice", [&](storage::Connection&, int was, int is) {
      before = was, after = is;
      return base::Result<void>();
    });
  });
  EXPECT_EQ(pushed.value()->version, 2);
  EXPECT_EQ(before, 1);
  EXPECT_EQ(after, 2);
  EXPECT_EQ(title(), "Pushed");
  // The folder is as it was, so it changes nothing after a restart either.
  world.restart();
  EXPECT_EQ(title(), "Pushed");
  const auto refused = world.run([&] {
    auto broken = files("Broken");
    broken.files.erase("launch.yaml");
    return types().push(broken, "alice", nothing());
  });
  EXPECT_EQ(refused.error().kind, base::ErrorKind::invalid);
  EXPECT_THAT(refused.error().message, HasSubstr("thing/type.yaml:7:19: E-FILE"));
  EXPECT_EQ(title(), "Pushed");
}

TEST_F(Registry, VersionsArePromotedAndRolledBack) {
  write("type.yaml", type_yaml("Two"));
  until_title("Two");
  EXPECT_EQ(world.run([&] { return types().rollback("thing", nothing()); }).value()->title, "One");
  world.restart();
  EXPECT_EQ(title(), "One");
  EXPECT_EQ(world.run([&] { return types().rollback("thing", nothing()); }).error().kind, base::ErrorKind::conflict);
  EXPECT_EQ(world.run([&] { return types().promote("thing", 2, nothing()); }).value()->title, "Two");
  EXPECT_EQ(title(), "Two");
  EXPECT_EQ(world.run([&] { return types().promote("thing", 3, nothing()); }).error().kind, base::ErrorKind::not_found);
  EXPECT_EQ(launch("old", 1).value()->type_version, 1);
  EXPECT_THAT(launch("none", 9).error().message, HasSubstr("has no version 9"));
}

TEST(RegistryStart, AMissingRootIsToldWithTheSetting) {
  test_world::World world;
  TypeRegistry types(world.runtime, *world.database, world.clock, world.actions,
                     {.roots = {world.folder.path / "nowhere"}, .extensions = {}});
  const auto error = world.run([&] { return types.start(); }).error();
  EXPECT_EQ(error.kind, base::ErrorKind::not_found);
  EXPECT_THAT(error.message, HasSubstr("types_dir"));
}

}  // namespace
}  // namespace slipway::broker
