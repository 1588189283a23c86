#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/machine_fixture.h"
#include "workflow/engine_fixture.h"

namespace slipway::broker {
namespace {

using test_world::World;
using testing::HasSubstr;

constexpr std::string_view kType = R"(name: machine
title: A machine
parameters:
  Configuration: {type: StringMap}
documents:
  local: {launch: launch.yaml, terminate: terminate.yaml, start: start.yaml, stop: stop.yaml}
)";

class StartStop : public test_world::MachineTest {
 protected:
  StartStop() : MachineTest(kType, {"launch", "terminate", "start", "stop"}) {
    world.restart_with(types.path());
    launch_available();
  }

  base::Result<EnvironmentPtr> start() {
    return world.run([&] { return world.environments->start(id, World::cause("Start")); });
  }
  base::Result<EnvironmentPtr> stop() {
    return world.run([&] { return world.environments->stop(id, World::cause("Stop")); });
  }
};

TEST_F(StartStop, WhatIsStoppedStaysAndStartsAgain) {
  EXPECT_EQ(stop().value()->status, Status::stopping);
  until(Status::stopped);
  EXPECT_FALSE(world.provider.tended.contains(id));
  EXPECT_EQ(start().value()->status, Status::starting);
  until(Status::available);
  EXPECT_TRUE(world.provider.tended.contains(id));
  EXPECT_EQ(runs("launch"), 1);
}

TEST_F(StartStop, NobodyKeepsRunningWhatIsBeingStopped) {
  world.action("test:stop").held = true;
  stop().value();
  EXPECT_FALSE(world.provider.tended.contains(id));
  world.restart();
  EXPECT_FALSE(world.provider.tended.contains(id));
  EXPECT_TRUE(world.provider.live_at_sweep.contains(id));
}

TEST_F(StartStop, AStopThatIsUnderWayIsNotBegunTwice) {
  world.action("test:stop").held = true;
  stop().value();
  EXPECT_EQ(stop().value()->status, Status::stopping);
  const auto refused = start();
  EXPECT_EQ(refused.error().kind, base::ErrorKind::conflict);
  EXPECT_EQ(refused.error().message, "first cannot start while it is stopping. Wait until that has ended.");
  world.action("test:stop").held = false;
  until(Status::stopped);
  EXPECT_EQ(runs("stop"), 1);
  std::vector<std::string> operations;
  const auto audit = storage::list_audit(world.database->reader(), id.str(), 0, 100).value();
  for (const auto& row : audit) operations.push_back(row.what);
  EXPECT_THAT(operations, testing::ElementsAre("Stop", "Launch"));
}

TEST_F(StartStop, ARestartOfTheBrokerGoesOnWithBoth) {
  world.action("test:stop").held = true;
  stop().value();
  world.until([&] { return runs("stop") == 1; });
  world.restart();
  EXPECT_EQ(find()->status, Status::stopping);
  world.action("test:stop").held = false;
  until(Status::stopped);
  world.action("test:start").held = true;
  start().value();
  world.until([&] { return runs("start") == 1; });
  world.restart();
  world.action("test:start").held = false;
  until(Status::available);
}

TEST_F(StartStop, OneThatFailsIsShownAndCanBeTriedAgain) {
  world.action("test:stop").failure = base::internal("It does not end.");
  stop().value();
  until(Status::stopping_failed);
  EXPECT_EQ(find()->failure->reason, "It does not end.");
  world.action("test:stop").failure.reset();
  EXPECT_FALSE(stop().value()->failure);
  until(Status::stopped);
  world.action("test:start").failure = base::unavailable("No port.", "NoFreePort");
  start().value();
  until(Status::starting_failed);
  EXPECT_EQ(find()->failure->code, "NoFreePort");
  world.action("test:start").failure.reset();
  start().value();
  until(Status::available);
  EXPECT_FALSE(find()->failure);
}

TEST_F(StartStop, ATerminateMeanwhileCancelsIt) {
  world.action("test:stop").held = true;
  stop().value();
  world.until([&] { return runs("stop") == 1; });
  terminate();
  until(Status::terminated);
  EXPECT_EQ(runs("terminate"), 1);
  EXPECT_EQ(start().error().kind, base::ErrorKind::not_found);
}

TEST_F(StartStop, WhatIsStoppedCanBeTerminated) {
  stop().value();
  until(Status::stopped);
  terminate();
  until(Status::terminated);
  EXPECT_EQ(runs("start"), 0);
}

// Its end begins a task that tries again and again, when the others were already told to end.
TEST_F(StartStop, ABrokerStopsThoughAnExecutionEndsMeanwhileAndCannotBeFollowed) {
  world.action("test:stop").held = true;
  stop().value();
  world.until([&] { return runs("stop") == 1; });
  world
      .run([&]() -> net::Task<void> {
        co_await world.environments->stop_service();
        co_return base::Result<void>();
      })
      .value();
  auto watched = std::make_unique<workflow::WatchedDatabase>(std::move(world.database));
  auto& database = *watched;
  world.database = std::move(watched);
  const workflow::EngineSettings full{.running = 64, .queued = 0, .unqueued_kinds = {}};
  world.environments = std::make_unique<Environments>(world.runtime, database, world.clock, *world.types, world.actions,
                                                      std::vector<Provider*>{&world.provider}, full,
                                                      LifetimeSettings{.look = std::chrono::hours(24)});
  world.run([&] { return world.environments->start_service(); }).value();
  world.until([&] { return runs("stop") == 2; });

  net::TaskGroup stopping(world.runtime);
  int writes = 0;
  database.before_write = [&]() -> base::Result<void> {
    // The status, the cancellation, and the end that follows from it.
    if (++writes == 3) stopping.spawn("stop", [&] { return world.environments->stop_service(); });
    return {};
  };
  terminate();
  world.until([&] { return writes == 3 && stopping.empty(); });
  EXPECT_EQ(find()->status, Status::terminating);
  EXPECT_EQ(runs("terminate"), 0);
  database.before_write = {};
  world.action("test:stop").held = false;
}

TEST_F(StartStop, ATypeWithoutTheDocumentRefuses) {
  world.restart_with("types");
  const auto cluster = world.launch(World::launch_request("cluster")).value()->id;
  world.wait_for("cluster", Status::available);
  const auto refused = world.run([&] { return world.environments->stop(cluster, World::cause("Stop")); });
  EXPECT_EQ(refused.error().kind, base::ErrorKind::invalid);
  EXPECT_THAT(refused.error().message, HasSubstr("has no stop document"));
  world.types_dir = types.path();
}

}  // namespace
}  // namespace slipway::broker
