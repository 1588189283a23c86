#include "broker/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/test_world.h"

namespace slipway::broker {
namespace {

using test_world::World;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::size_t kMuch = 1 << 20;
const base::EnvironmentId kAll;
const base::EnvironmentId kOne("env-1");
const base::EnvironmentId kTwo("env-2");

struct EventsTest : ::testing::Test {
  EventsTest() { events.begin_epoch(3); }
  void say(const base::EnvironmentId& environment, std::string text) {
    events.publish("status", environment, "name", {{"status", text}, {"at", "now"}});
  }
  Events events{base::system_clock(), {.events = 4, .bytes = 1 << 20}};
};

TEST_F(EventsTest, AFollowerReadsWhatComesAfterItsPlaceInOrder) {
  say(kOne, "early");
  auto place = events.now();
  EXPECT_EQ(events.read(place, kAll, kMuch), "");
  say(kOne, "first");
  say(kTwo, "second");
  EXPECT_EQ(events.read(place, kAll, kMuch),
            "id: 3-2\nevent: status\ndata: "
            R"({"status":"first","at":"now","environmentId":"env-1","environment":"name"})"
            "\n\nid: 3-3\nevent: status\ndata: "
            R"({"status":"second","at":"now","environmentId":"env-2","environment":"name"})"
            "\n\n");
  EXPECT_EQ(events.read(place, kAll, kMuch), "");
}

TEST_F(EventsTest, OfOneEnvironmentAloneAndInPieces) {
  auto place = events.now();
  for (const auto* text : {"a", "b", "c"}) say(kOne, text);
  say(kTwo, "other");
  const auto piece = events.read(place, kOne, 1);
  EXPECT_THAT(piece, HasSubstr("\"a\""));
  EXPECT_THAT(piece, Not(HasSubstr("\"b\"")));
  const auto rest = events.read(place, kOne, kMuch);
  EXPECT_THAT(rest, HasSubstr("\"c\""));
  EXPECT_THAT(rest, Not(HasSubstr("other")));
  EXPECT_EQ(Events::print(place), "3-4") << "behind what it was not told, too";
}

TEST_F(EventsTest, WhatTheRingHasNoMoreIsAGapAndSoIsAnotherLifeOfTheBroker) {
  for (int i = 0; i < 10; ++i) say(kOne, std::to_string(i));
  for (const auto* from : {"3-2", "2-9", "2-99999", "3-99", "9-1"}) {
    auto place = *Events::parse(from);
    const auto text = events.read(place, kAll, kMuch);
    EXPECT_TRUE(text.starts_with("id: 3-6\nevent: gap\n")) << text;
    EXPECT_THAT(text, HasSubstr(from));
    EXPECT_THAT(text, HasSubstr("id: 3-7\n"));
    EXPECT_EQ(Events::print(place), "3-10");
  }
  auto place = *Events::parse("3-6");
  EXPECT_THAT(events.read(place, kAll, kMuch), Not(HasSubstr("gap"))) << "the oldest that is left is next";
}

TEST_F(EventsTest, TheRingIsBoundedInBytes) {
  Events small(base::system_clock(), {.events = 1000, .bytes = 1000});
  small.begin_epoch(1);
  for (int i = 0; i < 100; ++i) small.publish("log", kOne, "name", {{"line", std::string(200, 'x')}});
  Events::Place place{1, 0};
  EXPECT_LT(small.read(place, kAll, kMuch).size(), 1500u);
}

TEST_F(EventsTest, PlacesAreReadStrictly) {
  for (const auto* wrong : {"", "-", "3", "3-", "-3", "3-x", "3-1 ", "3-1-2", "99999999999999999999-1"}) {
    EXPECT_FALSE(Events::parse(wrong)) << wrong;
  }
}

TEST_F(EventsTest, FollowersAreWokenWhileTheyLive) {
  int woken = 0;
  {
    const Events::Follower follower(events, [&] { ++woken; });
    say(kOne, "a");
    EXPECT_EQ(events.followers(), 1u);
  }
  say(kOne, "b");
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(events.followers(), 0u);
}

TEST(EventsOfTheBroker, TellALaunchFromItsAcceptanceToItsEndAndHaveHigherPlacesAfterARestart) {
  World world;
  auto& events = world.environments->events();
  auto place = events.now();
  world.launch(World::launch_request("first")).value();
  world.wait_for("first", Status::available);
  const auto text = events.read(place, kAll, kMuch);
  const auto pending = text.find("\"status\":\"pending\"");
  const auto entered = text.find("\"event\":\"Entered\"");
  const auto available = text.find("\"status\":\"available\"");
  EXPECT_LT(pending, entered) << text;
  EXPECT_LT(entered, available) << text;
  ASSERT_NE(available, std::string::npos) << text;
  const auto before = place;
  world.restart();
  EXPECT_GT(world.environments->events().now().epoch, before.epoch);
  EXPECT_THAT(world.environments->events().read(place, kAll, kMuch), HasSubstr("event: gap\n"));
}

}  // namespace
}  // namespace slipway::broker
