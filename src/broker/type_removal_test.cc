// What may be removed of a type, and what becomes of what had it.

#include <gmock/gmock.h>

#include "broker/test_registry.h"
#include "broker/why.h"

namespace slipway::broker {
namespace {

using base::ErrorKind;
using test_world::type_yaml;
using testing::ElementsAre;
using testing::HasSubstr;

class Removal : public test_world::Registry {
 protected:
  base::Result<std::vector<int>> remove(int version) {
    return world.run([&] {
      return types().remove("thing", version, [this](storage::Connection&, const std::vector<int>& removed) {
        recorded = removed;
        return base::Result<void>();
      });
    });
  }
  void push(std::string_view title) {
    world.run([&] { return types().push(files(title), "alice", nothing()); }).value();
  }
  void promote(int version) {
    world.run([&] { return types().promote("thing", version, nothing()); }).value();
  }
  void take_the_folder_away() {
    std::filesystem::remove_all(folder.path() / "thing");
    world.until([&] { return types().list().empty() || types().list().front().folder.empty(); });
  }
  void terminate(const base::EnvironmentId& id) {
    world.run([&] { return world.environments->terminate(id, test_world::World::cause("Delete")); }).value();
    world.until([&] { return world.environments->find(id).value()->status == Status::terminated; });
  }

  std::vector<int> recorded;
};

TEST_F(Removal, AVersionGoesOnceNothingUsesIt) {
  const auto id = launch("first").value()->id;
  available(id);
  push("Two");
  take_the_folder_away();
  const auto refused = remove(1).error();
  EXPECT_EQ(refused.kind, ErrorKind::conflict);
  EXPECT_THAT(refused.message, HasSubstr("first (" + id.str() + ") uses version 1 of thing"));
  EXPECT_TRUE(recorded.empty());
  terminate(id);
  EXPECT_THAT(remove(1).value(), ElementsAre(1));
  EXPECT_THAT(recorded, ElementsAre(1));
  EXPECT_THAT(versions(), ElementsAre(2));
  EXPECT_EQ(remove(1).error().kind, ErrorKind::not_found);
  EXPECT_THAT(launch("second", 1).error().message, HasSubstr("has no version 1"));
  for (int broker = 0; broker < 2; ++broker) {
    EXPECT_FALSE(types().find("thing", 1));
    const auto why = world.run([&] { return world.environments->explain("first"); }).value();
    EXPECT_EQ(why.environment->type_version, 1);
    EXPECT_EQ(why.executions.size(), 2u);
    world.restart();
  }
}

TEST_F(Removal, WhatAFolderHoldsStays) {
  EXPECT_THAT(remove(1).error().message, HasSubstr("folder " + (folder.path() / "thing").string()));
  EXPECT_EQ(remove(0).error().kind, ErrorKind::conflict);
  // A folder that is broken still has its last good version.
  write("type.yaml", "");
  until_broken(true);
  EXPECT_EQ(remove(1).error().kind, ErrorKind::conflict);
  write("type.yaml", type_yaml("Two"));
  until_title("Two");
  EXPECT_THAT(remove(1).value(), ElementsAre(1));
  take_the_folder_away();
  EXPECT_THAT(remove(2).value(), ElementsAre(2));
  EXPECT_TRUE(types().list().empty());
  EXPECT_EQ(types().versions("thing").error().kind, ErrorKind::not_found);
  EXPECT_EQ(remove(0).error().kind, ErrorKind::not_found);
  world.restart();
  EXPECT_TRUE(types().list().empty());
  // A number is one content for ever.
  write("launch.yaml", test_world::kDocument);
  write("type.yaml", type_yaml("Two"));
  until_title("Two");
  EXPECT_THAT(versions(), ElementsAre(2));
}

TEST_F(Removal, WhatWasRemovedIsAChangeWhenItsFolderComesBack) {
  write("type.yaml", type_yaml("Two"));
  until_title("Two");
  promote(1);
  take_the_folder_away();
  EXPECT_THAT(remove(2).value(), ElementsAre(2));
  write("launch.yaml", test_world::kDocument);
  write("type.yaml", type_yaml("Two"));
  until_title("Two");
  EXPECT_THAT(versions(), ElementsAre(2, 1));
  EXPECT_EQ(types().find("thing")->version, 2);
}

TEST_F(Removal, TheCurrentVersionGoesLastOrWithAll) {
  push("Two");
  push("Three");
  take_the_folder_away();
  const auto refused = remove(3).error();
  EXPECT_EQ(refused.kind, ErrorKind::conflict);
  EXPECT_THAT(refused.message, HasSubstr("promote another"));
  EXPECT_THAT(remove(2).value(), ElementsAre(2));
  // The one before is the next lower that is there.
  promote(1);
  promote(3);
  EXPECT_EQ(world.run([&] { return types().rollback("thing", nothing()); }).value()->version, 1);
  EXPECT_THAT(remove(0).value(), ElementsAre(3, 1));
  EXPECT_EQ(types().find("thing"), nullptr);
  EXPECT_FALSE(launch("first"));
}

TEST_F(Removal, ALaunchThatComesTooLateIsRefused) {
  push("Two");
  take_the_folder_away();
  auto late = world.environments->check(request("late", 1)).value();
  remove(1).value();
  const auto refused = world.run([&] { return world.environments->launch(std::move(late)); }).error();
  EXPECT_EQ(refused.kind, ErrorKind::conflict);
  EXPECT_THAT(refused.message, HasSubstr("removed meanwhile"));
}

}  // namespace
}  // namespace slipway::broker
