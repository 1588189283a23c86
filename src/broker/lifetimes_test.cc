// Ends and idleness of environments, with clocks that the test sets.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "broker/connection.h"
#include "broker/machine_fixture.h"

namespace slipway::broker {
namespace {

using namespace std::chrono_literals;
using test_world::World;

constexpr std::string_view kType = R"(name: machine
title: A machine
parameters:
  Configuration: {type: StringMap}
  Minutes: {type: Integer, default: 60}
documents:
  local: {launch: launch.yaml, terminate: terminate.yaml, start: start.yaml, stop: stop.yaml}
idle: {after: '{{ Minutes }}', action: stop}
timeToLive: {default: 8h, most: 24h, warn: 1h, action: terminate}
)";

class Lifetimes : public test_world::MachineTest {
 protected:
  Lifetimes() : MachineTest(kType, {"launch", "terminate", "start", "stop"}) { world.restart_with(types.path()); }

  void launched() {
    launch_available();
    look();
  }
  void look() {
    net::run_to_end(world.runtime, std::function<boost::asio::awaitable<void>()>(
                                       [&] { return world.environments->lifetimes().look(steady); }));
  }
  // The new broker's first look is its own, by the real clock that nobody sets: it has begun when this returns, so it
  // sees none of what passes later.
  void restart() {
    world.restart();
    steady = std::chrono::steady_clock::now();
    look();
  }
  // Time passes, on both clocks, and the broker looks.
  void pass(std::chrono::milliseconds time) {
    world.clock.time += time;
    steady += time;
    look();
  }
  base::Result<EnvironmentPtr> extend(std::chrono::milliseconds time) {
    return world.run([&] { return world.environments->lifetimes().extend(id, time, World::cause("Extend")); });
  }
  int warnings() {
    int count = 0;
    const auto rows =
        storage::list_audit(world.database->reader(), id.str(), std::numeric_limits<std::int64_t>::max(), 100).value();
    for (const auto& row : rows) {
      count += row.what == "TimeToLiveWarning" ? 1 : 0;
    }
    return count;
  }
  // From now on the endpoint's answers tell of activity.
  void ask_the_endpoint() {
    std::string type(kType);
    type.replace(type.find("action: stop}"), 13, R"(action: stop, activity: {http: [
  {path: /status, last: last_activity}, {path: '/kernels?quiet=1', busy: {select: '$..state', equals: busy}}]}}
endpoint: {prefix: true})");
    write("type.yaml", type);
    restart();
  }
  void use(Activity activity) { world.provider.used = activity; }

  std::chrono::steady_clock::time_point steady = std::chrono::steady_clock::now();
};

TEST_F(Lifetimes, TheTypeSaysHowLongAndTheLaunchMaySayLess) {
  EXPECT_EQ(launch().value()->expires_at, world.clock.now() + 8h);
}

TEST_F(Lifetimes, ALaunchMayAskForAnotherTimeUpToTheMost) {
  EXPECT_EQ(launch(25h).error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(launch(0h).error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(launch(24h).value()->expires_at, world.clock.now() + 24h);
}

TEST_F(Lifetimes, AWarningComesOnceThenTheEnd) {
  launched();
  pass(6h);
  EXPECT_EQ(warnings(), 0);
  auto place = world.environments->events().ring().now();
  pass(1h);
  pass(30min);
  EXPECT_EQ(warnings(), 1);
  const auto heard = world.environments->events().ring().read(place, {}, 1 << 16);
  EXPECT_THAT(heard, testing::HasSubstr("event: warning"));
  EXPECT_THAT(heard, testing::HasSubstr("its time ends soon"));
  EXPECT_EQ(find()->status, Status::available);
  pass(30min);
  until(Status::terminated);
}

TEST_F(Lifetimes, ABrokerThatWasDownOverTheEndEndsItAtItsStart) {
  launched();
  world.clock.time += 100h;
  world.restart();
  until(Status::terminated);
}

TEST_F(Lifetimes, ABrokerThatEndsBetweenWarningAndEndWarnsNoSecondTime) {
  launched();
  pass(7h);
  restart();
  pass(1min);
  EXPECT_EQ(warnings(), 1);
  pass(59min);
  until(Status::terminated);
}

TEST_F(Lifetimes, AnExtensionAtTheLastMomentCountsAndIsWarnedOfAgain) {
  launched();
  pass(8h - 1ms);
  EXPECT_EQ(extend(8h).value()->expires_at, world.clock.now() + 8h);
  pass(1ms);
  EXPECT_EQ(find()->status, Status::available);
  pass(7h);
  EXPECT_EQ(warnings(), 2);
}

TEST_F(Lifetimes, AnExtensionTakesNoTimeAwayAndEndsAtTheMost) {
  launched();
  EXPECT_EQ(extend(1h).value()->expires_at, find()->created_at + 8h);
  EXPECT_EQ(extend(25h).error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(extend(24h).value()->expires_at, find()->created_at + 24h);
}

TEST_F(Lifetimes, OfTwoExtensionsAtOnceTheLaterEndStays) {
  launched();
  net::TaskGroup both(world.runtime);
  for (const auto time : {24h, 10h}) {
    both.spawn("extend", [this, time]() -> boost::asio::awaitable<void> {
      (co_await world.environments->lifetimes().extend(id, time, World::cause("Extend"))).value();
    });
  }
  net::run_to_end(world.runtime, std::function<boost::asio::awaitable<void>()>([&] { return both.join(); }));
  EXPECT_EQ(find()->expires_at, world.clock.now() + 24h);
}

TEST_F(Lifetimes, WhatIsEndingIsNotExtended) {
  launched();
  world.action("test:terminate").held = true;
  pass(8h);
  until(Status::terminating);
  EXPECT_EQ(extend(8h).error().kind, base::ErrorKind::conflict);
  world.action("test:terminate").held = false;
  until(Status::terminated);
  EXPECT_EQ(extend(8h).error().kind, base::ErrorKind::not_found);
}

TEST_F(Lifetimes, WhatIsIdleIsStopped) {
  launched();
  use({.known = true, .busy = true});
  pass(90min);
  use({.known = true});
  pass(59min);
  EXPECT_EQ(find()->status, Status::available);
  pass(1min);
  until(Status::stopped);
}

TEST_F(Lifetimes, UnknownActivityStopsNothing) {
  launched();
  pass(6h);
  EXPECT_EQ(find()->status, Status::available);
}

TEST_F(Lifetimes, ARestartNeitherForgetsNorStopsEarly) {
  launched();
  use({.known = true, .busy = true});
  pass(30min);
  use({.known = true});
  pass(30min);
  restart();
  pass(29min);
  EXPECT_EQ(find()->status, Status::available);
  pass(1min);
  until(Status::stopped);
}

TEST_F(Lifetimes, AClockThatIsSetForwardStopsNothingEarly) {
  launched();
  use({.known = true});
  pass(1min);
  world.clock.time += 1h;
  look();
  pass(59min);
  EXPECT_EQ(find()->status, Status::available);
  pass(1min);
  until(Status::stopped);
}

TEST_F(Lifetimes, AClockThatIsSetBackDelaysAStopByNoMoreThanThat) {
  launched();
  use({.known = true});
  pass(30min);
  world.clock.time -= 1h;
  look();
  pass(89min);
  EXPECT_EQ(find()->status, Status::available);
  pass(1min);
  until(Status::stopped);
}

TEST_F(Lifetimes, ATerminateAtTheSameMomentWins) {
  launched();
  use({.known = true});
  world.action("test:terminate").held = true;
  terminate();
  pass(2h);
  EXPECT_EQ(find()->status, Status::terminating);
  EXPECT_EQ(runs("stop"), 0);
  world.action("test:terminate").held = false;
  until(Status::terminated);
}

TEST_F(Lifetimes, AnEndpointIsAskedWhereTheTypeSaysHowAndAllItsAnswersCount) {
  ask_the_endpoint();
  launched();
  const auto prefix = connect_path(id);
  const auto answer = [&](std::string state) {
    world.provider.answers[prefix + "/kernels?quiet=1"] = boost::json::array{{{"state", "idle"}}, {{"state", state}}};
  };
  world.provider.answers[prefix + "/status"] = {{"last_activity", base::iso8601(world.clock.now())}};
  use({.known = true});  // of no importance
  pass(2h);
  EXPECT_EQ(find()->status, Status::available) << "one of two does not answer";
  answer("busy");
  pass(2h);
  EXPECT_EQ(find()->status, Status::available) << "it computes, and says nothing";
  answer("idle");
  pass(59min);
  world.provider.answers[prefix + "/status"] = {{"last_activity", "2023-11-14T23:13"}};
  pass(1min);
  EXPECT_EQ(find()->status, Status::available) << "what is no time tells nothing";
  world.provider.answers[prefix + "/status"] = {{"last_activity", base::iso8601(world.clock.now() - 30min)}};
  pass(29min);
  EXPECT_EQ(find()->status, Status::available);
  pass(1min);
  until(Status::stopped);
}

TEST_F(Lifetimes, AnAnswerThatShowsAUseCountsThoughAnotherIsMissing) {
  ask_the_endpoint();
  launched();
  const auto prefix = connect_path(id);
  const auto launched_at = base::iso8601(world.clock.now());
  world.provider.answers[prefix + "/kernels?quiet=1"] = boost::json::array{{{"state", "busy"}}};
  pass(2h);
  world.provider.answers[prefix + "/kernels?quiet=1"] = boost::json::array{{{"state", "idle"}}};
  world.provider.answers[prefix + "/status"] = {{"last_activity", launched_at}};
  pass(59min);
  EXPECT_EQ(find()->status, Status::available);
  pass(1min);
  until(Status::stopped);
}

TEST_F(Lifetimes, AnAnswerThatShowsAUseCountsThoughAnotherNeverComes) {
  ask_the_endpoint();
  launched();
  const auto prefix = connect_path(id);
  world.provider.answers[prefix + "/kernels?quiet=1"] = boost::json::array{{{"state", "busy"}}};
  world.provider.silent = {prefix + "/status"};
  pass(30min);
  EXPECT_EQ(world.provider.waiting(), 0);
  EXPECT_EQ(find()->last_active_at, world.clock.now());
}

TEST_F(Lifetimes, StoppingWaitsForNoProgramThatHangs) {
  ask_the_endpoint();
  launched();
  world.provider.silent = {connect_path(id) + "/status"};
  world.restart();
  world.until([&] { return world.provider.waiting() == 1; });
  net::run_to_end(world.runtime,
                  std::function<boost::asio::awaitable<void>()>([&] { return world.environments->stop_service(); }));
  EXPECT_EQ(world.provider.waiting(), 0);
}

TEST_F(Lifetimes, ASourceThatFailsStopsNothing) {
  launched();
  world.provider.activity_failure = base::unavailable("it does not answer");
  pass(6h);
  EXPECT_EQ(find()->status, Status::available);
}

}  // namespace
}  // namespace slipway::broker
