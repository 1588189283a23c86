#include "broker/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
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

storage::EventRow status_of(const base::EnvironmentId& environment, const std::string& status, std::int64_t id) {
  storage::EventRow row;
  row.place = {7, id};
  row.kind = "status";
  row.environment_id = environment;
  row.environment = "name";
  row.at = base::Time(std::chrono::milliseconds(1'700'000'000'000));
  row.data = R"({"status":")" + status + R"("})";
  return row;
}

struct EventsTest : ::testing::Test {
  EventsTest() { events.begin_epoch(3, {7, 0}); }
  void say(const base::EnvironmentId& environment, const std::string& text) {
    ++said;
    events.publish({status_of(environment, text, said)}, {7, said});
  }
  std::int64_t said = 0;
  Events events{base::system_clock(), {.events = 4, .bytes = 1 << 20}};
};

TEST_F(EventsTest, AFollowerReadsWhatComesAfterItsPlaceInOrder) {
  say(kOne, "early");
  auto place = events.now();
  EXPECT_EQ(events.read(place, kAll, kMuch), "");
  say(kOne, "first");
  say(kTwo, "second");
  EXPECT_EQ(events.read(place, kAll, kMuch),
            "id: 3-2-7-2\nevent: status\ndata: "
            R"({"status":"first","at":"2023-11-14T22:13:20.000Z","environmentId":"env-1","environment":"name"})"
            "\n\nid: 3-3-7-3\nevent: status\ndata: "
            R"({"status":"second","at":"2023-11-14T22:13:20.000Z","environmentId":"env-2","environment":"name"})"
            "\n\n");
  EXPECT_EQ(events.read(place, kAll, kMuch), "");
}

TEST_F(EventsTest, WhatCannotBeReadIsToldWithoutItsDataAndHidesNothingThatFollows) {
  auto place = events.now();
  auto broken = status_of(kOne, "first", ++said);
  broken.data = "{";
  events.publish({broken}, {7, said});
  say(kOne, "second");
  const auto told = events.read(place, kAll, kMuch);
  EXPECT_NE(told.find("id: 3-1-7-1"), std::string::npos) << told;
  EXPECT_NE(told.find("second"), std::string::npos) << told;
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
  EXPECT_EQ(Events::print(place), "3-4-7-4") << "behind what it was not told, too";
}

TEST_F(EventsTest, APlaceIsFoundByItsTimeWhereTheRingReachesBackSoFar) {
  const auto at = [](int second) { return base::Time(std::chrono::seconds(second)); };
  EXPECT_FALSE(events.place_of(at(1)));
  for (int second = 1; second <= 6; ++second) {
    auto row = status_of(kOne, std::to_string(second), second);
    row.at = at(second);
    events.publish({row}, {7, second});
  }
  EXPECT_FALSE(events.place_of(at(3))) << "of what is older than its oldest it knows nothing";
  EXPECT_EQ(Events::print(*events.place_of(at(4))), "3-3-7-3");
  EXPECT_EQ(*events.place_of(at(7)), events.now());
}

TEST_F(EventsTest, NoPlaceWasToldThatIsBehindEverything) {
  say(kOne, "first");
  for (const auto* told : {"3-1-7-1", "3-0-7-0", "2-99-7-1", "0-0-0-0"}) {
    EXPECT_TRUE(events.was_told(*Events::parse(told))) << told;
  }
  for (const auto* nonsense : {"3-2-7-1", "4-0-7-1", "2-1-8-1", "2-1-7-2"}) {
    EXPECT_FALSE(events.was_told(*Events::parse(nonsense))) << nonsense;
  }
}

TEST_F(EventsTest, TheRingKnowsHowFarItReachesBackAndWhichPlacesAreNotItsOwn) {
  for (int i = 0; i < 10; ++i) say(kOne, std::to_string(i));
  EXPECT_EQ(Events::print(events.oldest()), "3-6-7-6");
  for (const auto* from : {"3-2-7-2", "2-9-5-0", "2-8-7-0", "3-99-7-9", "9-1-7-1"}) {
    EXPECT_FALSE(events.holds(*Events::parse(from))) << from;
  }
  auto place = *Events::parse("3-6-7-6");
  ASSERT_TRUE(events.holds(place)) << "the oldest that is left is next";
  EXPECT_TRUE(events.read(place, kAll, kMuch).starts_with("id: 3-7-7-7\n"));
  EXPECT_EQ(place, events.now());
}

TEST_F(EventsTest, TheRingIsBoundedInBytes) {
  Events small(base::system_clock(), {.events = 1000, .bytes = 1000});
  small.begin_epoch(1, {});
  workflow::Progress line;
  line.text = std::string(200, 'x');
  for (int i = 0; i < 100; ++i) small.publish(line);
  auto place = small.oldest();
  EXPECT_LT(small.read(place, kAll, kMuch).size(), 1500u);
}

TEST_F(EventsTest, PlacesAreReadStrictly) {
  for (const auto* wrong : {"", "-", "3", "3-1", "3-1-2", "3-1-2-", "-3-1-2", "3-1-2-x", "3-1-2-3 ", "3-1-2-3-4",
                            "99999999999999999999-1-2-3"}) {
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

struct EventsOfTheBroker : ::testing::Test {
  // All that is told from `place` on, and the ids of it.
  std::string follow(Events::Place place, const base::EnvironmentId& environment = kAll) {
    std::string text;
    for (;;) {
      auto told = world.run([&] { return world.environments->events().after(place, environment, 100); }).value();
      if (told.text.empty()) return text;
      EXPECT_GT(told.place, place);
      place = told.place;
      text += told.text;
    }
  }
  // What followers see of it but for the ids, which differ where it is told again.
  static std::vector<std::string> without_ids(const std::string& text) {
    std::vector<std::string> lines;
    for (const auto line : base::split(text, '\n')) {
      if (line.starts_with("data: ") && line.find("\"line\"") == std::string_view::npos) lines.emplace_back(line);
    }
    return lines;
  }
  static void expect_rising_ids(const std::string& text) {
    Events::Place before;
    for (const auto line : base::split(text, '\n')) {
      if (!line.starts_with("id: ")) continue;
      const auto place = Events::parse(line.substr(4)).value();
      EXPECT_LT(before, place) << line;
      before = place;
    }
  }
  World world;
};

TEST_F(EventsOfTheBroker, TellALaunchFromItsAcceptanceToItsEnd) {
  const auto place = world.environments->events().ring().now();
  world.launch(World::launch_request("first")).value();
  world.wait_for("first", Status::available);
  const auto text = follow(place);
  const auto pending = text.find("\"status\":\"pending\"");
  const auto entered = text.find("\"event\":\"Entered\"");
  const auto available = text.find("\"status\":\"available\"");
  EXPECT_LT(pending, entered) << text;
  EXPECT_LT(entered, available) << text;
  ASSERT_NE(available, std::string::npos) << text;
  expect_rising_ids(text);
}

TEST_F(EventsOfTheBroker, ARestartLosesNothingThatIsDurableAndEveryPlaceBeforeItStillHolds) {
  const auto begin = world.environments->events().ring().now();
  const auto first = world.launch(World::launch_request("first")).value();
  world.launch(World::launch_request("second")).value();
  world.wait_for("first", Status::available);
  world.wait_for("second", Status::available);
  const auto live = follow(begin);
  world.restart();
  const auto told = follow(begin);
  expect_rising_ids(told);
  auto again = without_ids(told);
  ASSERT_FALSE(again.empty());
  EXPECT_THAT(again.back(), HasSubstr("Log lines")) << "a gap is told where the ring begins";
  again.pop_back();
  EXPECT_EQ(again, without_ids(live));
  // From each place of the first life, what came after it and nothing else.
  std::size_t seen = 0;
  for (const auto line : base::split(live, '\n')) {
    if (!line.starts_with("id: ")) continue;
    auto rest = without_ids(follow(*Events::parse(line.substr(4))));
    rest.pop_back();
    ++seen;
    EXPECT_EQ(rest, std::vector(again.begin() + static_cast<std::ptrdiff_t>(seen), again.end())) << line;
  }
  world.run([&] { return world.environments->terminate(first->id, World::cause("Terminate")); }).value();
  world.wait_for("first", std::nullopt);
  const auto later = follow(begin, first->id);
  EXPECT_THAT(later, HasSubstr("\"status\":\"terminated\""));
  EXPECT_THAT(later, Not(HasSubstr("second")));
  expect_rising_ids(later);
}

TEST_F(EventsOfTheBroker, PlacesOfAnotherDatabaseBeginWithAGap) {
  const Events::Place foreign{.epoch = 99, .number = 5, .durable = {1 << 20, 1 << 20}};
  const auto told = world.run([&] { return world.environments->events().after(foreign, kAll, 100); }).value();
  EXPECT_THAT(told.text, HasSubstr("event: gap"));
  EXPECT_EQ(told.place, world.environments->events().ring().now());
}

}  // namespace
}  // namespace slipway::broker
