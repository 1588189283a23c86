#include "broker/leftovers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "broker/resources.h"
#include "broker/test_world.h"

namespace slipway::broker {
namespace {

using test_world::World;
using testing::IsEmpty;

base::Time at(std::chrono::milliseconds time) {
  return base::Time(time);
}

TEST(LeftoverRules, what_is_on_this_machine_is_swept_at_once) {
  EXPECT_EQ(leftover_rule({.local = true, .token = {}, .proven_token = {}}, false, at({})), LeftoverRule::sweep);
}

TEST(LeftoverRules, elsewhere_only_a_proven_token_and_the_operator_s_leave_take_anything_away) {
  using namespace std::chrono_literals;
  const Orphan ours{.local = false, .token = "t", .proven_token = "t", .since = at(0ms)};
  EXPECT_EQ(leftover_rule(ours, false, at(24h)), LeftoverRule::list);
  EXPECT_EQ(leftover_rule(ours, true, at(59min)), LeftoverRule::wait);
  EXPECT_EQ(leftover_rule(ours, true, at(60min)), LeftoverRule::reap);
  EXPECT_EQ(leftover_rule({.local = false, .token = "t", .proven_token = "u", .since = at(0ms)}, true, at(24h)),
            LeftoverRule::list);
  EXPECT_EQ(leftover_rule({.local = false, .token = "t", .proven_token = "", .since = at(0ms)}, true, at(24h)),
            LeftoverRule::list);
  EXPECT_EQ(leftover_rule({.local = false, .token = "", .proven_token = "", .since = at(0ms)}, true, at(24h)),
            LeftoverRule::list);
  // A clock that was set back makes nobody hasty.
  EXPECT_EQ(leftover_rule(ours, true, at(-1h)), LeftoverRule::wait);
}

// Folders that an environment has made, and that its terminate document forgets.
class Leftovers : public testing::Test {
 protected:
  Leftovers() {
    std::filesystem::create_directories(folder);
    id = world.launch(World::launch_request("first")).value()->id;
    world.wait_for("first", Status::available);
    Resources resources(*world.database, world.clock);
    const std::vector<Resource> made{{std::string(kFolder), folder.native()}, {std::string(kFolder), "/no/such"}};
    world.run([&] { return resources.record(id, "local", "token", made); }).value();
    world.run([&] { return resources.present(id, made); }).value();
    world.provider.on_remove = [this](const std::string& what) -> base::Result<void> {
      if (refusal) return *refusal;
      std::filesystem::remove_all(what);
      return {};
    };
  }

  void terminate() {
    world.run([&] { return world.environments->terminate(id, World::cause("Delete")); }).value();
    world.wait_for("first", std::nullopt);
  }
  std::size_t left() {
    return world.run([&] { return world.environments->leftovers().list(); }).value().size();
  }
  std::vector<std::string> states() {
    std::vector<std::string> all;
    const auto rows = world.run([&] { return world.environments->resources(id); }).value();
    for (const auto& row : rows) {
      all.push_back(row.state);
    }
    return all;
  }

  World world;
  std::filesystem::path folder = world.folder.path / "made";
  base::EnvironmentId id;
  std::optional<base::Error> refusal;
};

TEST_F(Leftovers, of_what_lives_there_are_none) {
  EXPECT_EQ(left(), 0u);
  EXPECT_THAT(states(), testing::ElementsAre("present", "present"));
}

TEST_F(Leftovers, are_swept_when_the_environment_is_gone_and_are_none_meanwhile) {
  terminate();
  std::size_t most = 0;
  world.until([&] {
    most = std::max(most, left());
    return states() == std::vector<std::string>{"gone", "gone"};
  });
  EXPECT_EQ(most, 0u);
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(Leftovers, that_resist_are_listed_until_they_are_reaped) {
  refusal = base::unavailable("somebody holds it");
  terminate();
  world.until([&] { return left() == 1; });
  EXPECT_TRUE(std::filesystem::exists(folder));
  const auto reap = [&] { return world.environments->leftovers().reap(World::cause("ReapLeftovers")); };
  EXPECT_EQ(world.run(reap).value().size(), 1u);
  refusal.reset();
  EXPECT_THAT(world.run(reap).value(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(Leftovers, of_a_broker_that_was_down_are_swept_at_its_start) {
  refusal = base::unavailable("somebody holds it");
  terminate();
  world.until([&] { return left() == 1; });
  refusal.reset();
  world.restart();
  world.until([&] { return left() == 0; });
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(Leftovers, nothing_of_another_region_is_touched) {
  Resources resources(*world.database, world.clock);
  world.run([&] { return resources.record(id, "moon", "token", {{std::string(kFolder), "/"}}); }).value();
  terminate();
  world.until([&] { return left() == 1; });
  EXPECT_EQ(world.run([&] { return world.environments->leftovers().list(); }).value().front().resource.region, "moon");
}

}  // namespace
}  // namespace slipway::broker
