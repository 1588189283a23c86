#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "base/text.h"
#include "broker/test_registry.h"

namespace slipway::broker {
namespace {

using test_world::kDocument;
using test_world::Registry;
using test_world::type_yaml;
using testing::ElementsAre;
using testing::HasSubstr;

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

// Without its rights while one lives.
struct Locked {
  explicit Locked(std::filesystem::path locked) : path(std::move(locked)) {
    std::filesystem::permissions(path, std::filesystem::perms::none);
  }
  ~Locked() { std::filesystem::permissions(path, std::filesystem::perms::owner_all); }
  std::filesystem::path path;
};

TEST_F(Registry, ARootThatCannotBeReadKeepsTheLastGoodVersionsAndIsLookedAtAgain) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const auto problem = [&] { return types().list().empty() ? "gone" : types().list().front().problem; };
  const int thing = ::open((folder.path() / "thing").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  {
    const Locked root(folder.path());
    // A change that is seen and counts for nothing.
    ::close(::openat(thing, "changed~", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    ::close(thing);
    world.until([&] { return !problem().empty(); });
    EXPECT_THAT(problem(), HasSubstr("Permission denied"));
    EXPECT_EQ(title(), "One");
    EXPECT_TRUE(launch("first"));
  }
  world.until([&] { return problem().empty(); });
  EXPECT_EQ(title(), "One");
  EXPECT_THAT(versions(), ElementsAre(1));
}

TEST_F(Registry, AFolderThatCannotBeReadKeepsTheLastGoodVersionAndIsLookedAtAgain) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  {
    const Locked thing(folder.path() / "thing");
    std::ofstream(folder.path() / "changed~") << "";
    until_broken(true);
    EXPECT_EQ(title(), "One");
    // Also where the broker starts with it.
    world.restart();
    EXPECT_EQ(title(), "One");
    EXPECT_THAT(types().list().front().problem, HasSubstr("Permission denied"));
  }
  until_broken(false);
  EXPECT_THAT(versions(), ElementsAre(1));
}

TEST_F(Registry, FoldersThatAreNobodysBusinessHideNoChangeOfOthers) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  std::vector<std::unique_ptr<Locked>> locked;
  for (int i = 0; i < 10; ++i) {
    const auto name = std::to_string(i);
    std::filesystem::create_directory(folder.path() / ("locked" + name));
    locked.push_back(std::make_unique<Locked>(folder.path() / ("locked" + name)));
    std::filesystem::create_symlink("nowhere", folder.path() / ("link" + name));
  }
  world.restart();
  EXPECT_EQ(types().list().size(), 1u);
  write("type.yaml", type_yaml("Two"));
  until_title("Two");
}

// A disk holds names that no answer can: JSON is UTF-8.
TEST_F(Registry, NamesThatAreNoTextAreToldAsOne) {
  write("\xff\xfe", "");
  const auto bad = folder.path() / "bad\xff-dir";
  std::filesystem::create_directories(bad);
  std::ofstream(bad / "type.yaml") << type_yaml("Bad");
  world.until([&] { return types().list().size() == 2 && !types().list().back().problem.empty(); });
  const auto list = types().list();
  EXPECT_EQ(list[0].name, "bad\uFFFD-dir");
  EXPECT_THAT(list[0].folder, testing::EndsWith("/bad\uFFFD-dir"));
  EXPECT_TRUE(base::is_utf8(list[0].problem));
  EXPECT_EQ(list[1].name, "thing");
  EXPECT_THAT(list[1].problem, HasSubstr("/thing/\uFFFD\uFFFD: a path in a type"));
  EXPECT_EQ(title(), "One");
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

TEST_F(Registry, ANewFolderThatIsBrokenIsNamedWhereItsTypeIsAskedFor) {
  const auto other = folder.path() / "other";
  std::filesystem::create_directories(other);
  std::ofstream(other / "type.yaml") << "name: other\ntitle: [\n";
  const auto told = [&] { return types().find("other", 0).error().message; };
  world.until([&] { return told().find("is broken") != std::string::npos; });
  EXPECT_EQ(told(), "There is no environment type other: its folder " + other.string() +
                        " is broken; `slipway types list` says why.");
  EXPECT_THAT(types().find("another", 0).error().message, HasSubstr("There is no environment type another"));
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

TEST_F(Registry, ARollbackDoesNotUndoWhatWasPromotedMeanwhile) {
  for (const auto* next : {"Two", "Three"}) {
    write("type.yaml", type_yaml(next));
    until_title(next);
  }
  base::Result<TypePtr> back = base::internal("not begun");
  net::TaskGroup both(world.runtime);
  both.spawn("promote",
             [&]() -> boost::asio::awaitable<void> { EXPECT_TRUE(co_await types().promote("thing", 1, nothing())); });
  both.spawn("rollback",
             [&]() -> boost::asio::awaitable<void> { back = co_await types().rollback("thing", nothing()); });
  world.run([&] { return both.join(); });
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().kind, base::ErrorKind::conflict);
  EXPECT_EQ(title(), "One");
}

TEST_F(Registry, ARollbackOutlivesTheSameBytesWrittenAnew) {
  write("type.yaml", type_yaml("Two"));
  until_title("Two");
  world.run([&] { return types().rollback("thing", nothing()); }).value();
  write("type.yaml", "");
  until_broken(true);
  write("type.yaml", type_yaml("Two"));
  until_broken(false);
  EXPECT_EQ(title(), "One");
  // Also where the broker starts in between.
  write("type.yaml", "");
  until_broken(true);
  world.restart();
  EXPECT_EQ(title(), "One");
  write("type.yaml", type_yaml("Two"));
  until_broken(false);
  EXPECT_EQ(title(), "One");
  world.restart();
  EXPECT_EQ(title(), "One");
  // A change is one, also to what was there before, and while no broker runs.
  write("type.yaml", type_yaml("Three"));
  until_title("Three");
  EXPECT_THAT(versions(), ElementsAre(3, 2, 1));
  write("type.yaml", type_yaml("One"));
  until_title("One");
  write("type.yaml", type_yaml("Two"));
  world.restart();
  EXPECT_EQ(title(), "Two");
}

TEST_F(Registry, WhatIsInUseIsKnownInItsVersion) {
  const auto id = launch("first").value()->id;
  available(id);
  write("type.yaml", type_yaml("Two"));
  until_title("Two");
  const auto titles = [&] {
    std::vector<std::string> all;
    const auto used = world.run([&] { return types().in_use(); }).value();
    for (const auto& type : used) {
      if (type->name == "thing") all.push_back(type->title);
    }
    return all;
  };
  EXPECT_THAT(titles(), ElementsAre("One", "Two"));
  world.restart();
  EXPECT_THAT(titles(), ElementsAre("One", "Two"));
  // Parsed once.
  const auto loaded = world.run([&] { return types().load("thing", 1); }).value();
  EXPECT_EQ(loaded, types().find("thing", 1).value());
  world.run([&] { return world.environments->terminate(id, test_world::World::cause("Delete")); }).value();
  world.until([&] { return world.environments->find(id).value()->status == Status::terminated; });
  EXPECT_THAT(titles(), ElementsAre("Two"));
}

TEST(TypeCache, HoldsWhatWasAskedForLast) {
  TypeCache cache;
  const auto put = [&](int version) {
    auto type = std::make_shared<EnvironmentType>();
    type->name = "thing";
    type->version = version;
    cache.put(type);
  };
  const int limit = static_cast<int>(TypeCache::kLimit);
  for (int version = 1; version <= limit; ++version) put(version);
  EXPECT_TRUE(cache.find("thing", 1));
  put(limit + 1);
  EXPECT_TRUE(cache.find("thing", 1));
  EXPECT_FALSE(cache.find("thing", 2));
  EXPECT_FALSE(cache.find("other", 3));
  cache.drop("thing", 3);
  EXPECT_FALSE(cache.find("thing", 3));
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
