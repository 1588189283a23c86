#include "broker/environments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/test_world.h"
#include "broker/why.h"
#include "storage/audit.h"
#include "storage/executions.h"

namespace slipway::broker {
namespace {

using test_world::World;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::Pair;

base::Error no_free_port() {
  auto error = base::unavailable("No port is free. Delete clusters.", "NoFreePort");
  error.evidence = {"exit code 1", "bind: Address already in use"};
  return error;
}

std::vector<storage::AuditRow> audit_of(World& world, const base::EnvironmentId& id) {
  return storage::list_audit(world.database->reader(), id.str(), 0, 100).value();
}

TEST(Environments, ALaunchIsPendingWhenItIsAnsweredAndAvailableWhenItsDocumentEnds) {
  World world;
  world.action("local:slurmStart").held = true;
  const auto launched = world.launch(World::launch_request("first")).value();
  EXPECT_EQ(launched->status, Status::pending);
  EXPECT_EQ(launched->request_document, "the document, as sent");
  EXPECT_EQ(launched->correlation_id, "first");
  EXPECT_EQ(world.find("first")->status, Status::pending);
  world.action("local:slurmStart").held = false;
  const auto found = world.wait_for("first", Status::available);
  EXPECT_EQ(found->outputs.at("SlurmConf"), "/folder/slurm.conf");
  EXPECT_FALSE(found->outputs.contains("RolledBack"));
  EXPECT_THAT(world.provider.tended, ElementsAre(Pair(found->id, Fleet::running)));
}

TEST(Environments, TheDocumentGetsTheParametersThatItDeclares) {
  World world;
  world.launch(World::launch_request("first")).value();
  world.wait_for("first", Status::available);
  EXPECT_EQ(world.action("local:slurmPrepare").inputs.at("Configuration").at_pointer("/HeadNode/InstanceType"),
            "t3.micro");
}

TEST(Environments, WhatALaunchLacksIsRefusedBeforeAnythingIsWritten) {
  World world;
  auto request = World::launch_request("first");
  request.parameters = {{"Unknown", 1}, {"RollbackOnFailure", "no"}};
  const auto error = world.launch(std::move(request)).error();
  EXPECT_EQ(error.kind, base::ErrorKind::invalid);
  EXPECT_THAT(error.message, AllOf(HasSubstr("Unknown is no parameter"), HasSubstr("Configuration is missing"),
                                   HasSubstr("RollbackOnFailure: \"no\" is not of type Boolean")));
  auto elsewhere = World::launch_request("first");
  elsewhere.region = "mars";
  EXPECT_EQ(world.launch(std::move(elsewhere)).error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(world.find("first"), nullptr);
}

TEST(Environments, AParameterThatIsTooLargeForItsDocumentIsRefusedByTheCheck) {
  World world;
  auto request = World::launch_request("first");
  request.parameters["Configuration"].as_object()["Large"] = std::string(70'000, 'x');
  const auto error = world.environments->check(std::move(request)).error();
  EXPECT_EQ(error.kind, base::ErrorKind::invalid);
  EXPECT_THAT(error.message, HasSubstr("Configuration: the value is longer"));
}

TEST(Environments, ADocumentThatNeedsAParameterStoreIsRefusedAtTheLaunchAlsoWhenItRunsLast) {
  const test_world::TypeFolder types;
  World world;
  const auto write = [&](const char* file, std::string_view text) { types.write("stored", file, text); };
  write("type.yaml",
        "name: stored\ntitle: Stored\ndescription: Needs a store.\nparameters: {Name: {type: String}}\n"
        "documents: {local: {launch: launch.yaml, terminate: terminate.yaml}}\n");
  const std::string steps = "mainSteps: [{name: Start, action: 'local:slurmStart', inputs: {}}]\n";
  write("launch.yaml",
        "schemaVersion: '0.3'\nparameters: {Name: {type: String, default: '{{ ssm:/name }}'}}\n" + steps);
  write("terminate.yaml",
        "schemaVersion: '0.3'\nparameters: {Image: {type: String, default: '{{ ssm:/i }}'}}\n" + steps);
  world.restart_with(types.path());
  auto request = World::launch_request("first");
  request.type = "stored";
  request.parameters = {{"Name", "given"}};
  EXPECT_EQ(world.launch(std::move(request)).error().message,
            "stored/terminate.yaml cannot run here: parameter Image: its default needs {{ ssm:/i }}, and there is no "
            "Parameter Store here.");
}

TEST(Environments, AProviderThatCannotIsAskedBeforeAnythingIsWritten) {
  World world;
  world.provider.check_failure = base::unavailable("slurmctld is not installed.", "ProgramMissing");
  EXPECT_EQ(world.launch(World::launch_request("first")).error().code, "ProgramMissing");
  EXPECT_EQ(world.find("first"), nullptr);
}

TEST(Environments, ANameIsTakenUntilItsEnvironmentIsGone) {
  World world;
  const auto first = world.launch(World::launch_request("first")).value();
  EXPECT_EQ(world.launch(World::launch_request("first")).error().kind, base::ErrorKind::conflict);
  world.wait_for("first", Status::available);
  world.run([&] { return world.environments->terminate(first->id, World::cause("Delete")); }).value();
  world.wait_for("first", std::nullopt);
  const auto second = world.launch(World::launch_request("first")).value();
  EXPECT_NE(second->id, first->id);
  world.wait_for("first", Status::available);
}

TEST(Environments, AFailedLaunchIsTakenBackAndKeepsTheCodeOfTheStepThatFailedFirst) {
  World world;
  world.action("local:slurmPrepare").failure = no_free_port();
  world.action("local:slurmStop").held = true;
  world.launch(World::launch_request("first")).value();
  EnvironmentPtr found;
  world.until([&] {
    found = world.find("first");
    return found->rolling_back;
  });
  EXPECT_EQ(found->status, Status::failed);
  EXPECT_EQ(found->failure->code, "NoFreePort");
  EXPECT_FALSE(found->rolled_back);
  world.action("local:slurmStop").held = false;
  found = world.wait_for("first", Status::failed);
  EXPECT_TRUE(found->rolled_back);
  EXPECT_EQ(found->failure->code, "NoFreePort");
  EXPECT_EQ(found->failure->reason,
            "No port is free. Delete clusters. Last lines: exit code 1 | bind: Address already in use");
  EXPECT_EQ(world.action("local:slurmRemove").runs, 1);
  EXPECT_THAT(world.provider.tended, testing::IsEmpty());
}

// Trap 12 of the workbench's documents: no clock decides whether a status counts.
TEST(Environments, AClockThatWasSetBackDropsNoStatus) {
  World world;
  world.action("local:slurmStart").held = true;
  world.launch(World::launch_request("first")).value();
  world.until([&] { return world.action("local:slurmStart").runs == 1; });
  world.clock.time -= std::chrono::hours(1);
  world.action("local:slurmStart").held = false;
  const auto launched = world.wait_for("first", Status::available);
  EXPECT_LT(world.clock.time, launched->created_at);
  world.clock.time -= std::chrono::hours(1);
  world.run([&] { return world.environments->terminate(launched->id, World::cause("Terminate")); }).value();
  world.wait_for("first", std::nullopt);
}

TEST(Environments, AFailedLaunchIsKeptWhereThatWasAskedFor) {
  World world;
  world.action("local:slurmWaitNodes").failure = base::unavailable("slurmd died.", "DaemonDied");
  auto request = World::launch_request("first");
  request.parameters["RollbackOnFailure"] = false;
  world.launch(std::move(request)).value();
  const auto found = world.wait_for("first", Status::failed);
  EXPECT_FALSE(found->rolled_back);
  EXPECT_EQ(found->failure->code, "DaemonDied");
  EXPECT_EQ(world.action("local:slurmRemove").runs, 0);
}

TEST(Environments, AFailureOfTheRollbackLeavesTheEnvironmentNotRolledBack) {
  World world;
  world.action("local:slurmPrepare").failure = no_free_port();
  world.action("local:slurmRemove").failure = base::internal("The folder cannot be removed.");
  world.launch(World::launch_request("first")).value();
  const auto found = world.wait_for("first", Status::failed);
  EXPECT_FALSE(found->rolled_back);
  EXPECT_EQ(found->failure->code, "NoFreePort");
}

TEST(Environments, TerminateCancelsALaunchUnderWayAndThenTakesEverythingAway) {
  World world;
  world.action("local:slurmStart").held = true;
  const auto launched = world.launch(World::launch_request("first")).value();
  world.until([&] { return world.action("local:slurmStart").runs == 1; });
  const auto terminating =
      world.run([&] { return world.environments->terminate(launched->id, World::cause("Delete")); }).value();
  EXPECT_EQ(terminating->status, Status::terminating);
  world.wait_for("first", std::nullopt);
  EXPECT_EQ(world.action("local:slurmStartNodes").runs, 0);
  EXPECT_EQ(world.action("local:slurmRemove").runs, 1);
  EXPECT_EQ(world.environments->find(launched->id).value()->status, Status::terminated);
}

TEST(Environments, TerminateIsNotHeldUpByLaunchesThatWait) {
  World world;
  world.settings.running = 1;
  world.restart();
  world.action("local:slurmStart").held = true;
  world.launch(World::launch_request("first")).value();
  world.until([&] { return world.action("local:slurmStart").runs == 1; });
  const auto queued = world.launch(World::launch_request("second")).value();
  world.run([&] { return world.environments->terminate(queued->id, World::cause("Delete")); }).value();
  world.wait_for("second", std::nullopt);
  EXPECT_EQ(world.action("local:slurmPrepare").runs, 1);
  world.action("local:slurmStart").held = false;
  world.wait_for("first", Status::available);
}

TEST(Environments, TerminateTwiceIsOneTermination) {
  World world;
  const auto launched = world.launch(World::launch_request("first")).value();
  world.wait_for("first", Status::available);
  world.action("local:slurmStop").held = true;
  for (int i = 0; i < 2; ++i) {
    const auto again =
        world.run([&] { return world.environments->terminate(launched->id, World::cause("Delete")); }).value();
    EXPECT_EQ(again->status, Status::terminating);
  }
  EXPECT_THAT(world.provider.tended, testing::IsEmpty());
  world.action("local:slurmStop").held = false;
  world.wait_for("first", std::nullopt);
  EXPECT_EQ(world.action("local:slurmStop").runs, 1);
  const auto gone = world.run([&] { return world.environments->terminate(launched->id, World::cause("Delete")); });
  EXPECT_EQ(gone.error().kind, base::ErrorKind::not_found);
}

TEST(Environments, ATerminationThatFailsCanBeAskedForAgain) {
  World world;
  const auto launched = world.launch(World::launch_request("first")).value();
  world.wait_for("first", Status::available);
  auto invalid = base::invalid("The folder is busy.");
  invalid.code = "Busy";
  world.action("local:slurmRemove").failure = invalid;
  world.run([&] { return world.environments->terminate(launched->id, World::cause("Delete")); }).value();
  // The document tries three times, waiting by the clock that this test holds.
  world.until([&] {
    world.clock.time += std::chrono::seconds(60);
    return world.find("first")->status == Status::terminating_failed;
  });
  EXPECT_EQ(world.find("first")->failure->code, "Busy");
  world.action("local:slurmRemove").failure.reset();
  world.run([&] { return world.environments->terminate(launched->id, World::cause("Delete")); }).value();
  world.wait_for("first", std::nullopt);
}

TEST(Environments, TheFleetThatIsWantedIsStoredAndTended) {
  World world;
  const auto launched = world.launch(World::launch_request("first")).value();
  const auto early =
      world.run([&] { return world.environments->set_fleet(launched->id, Fleet::stopped, World::cause("Stop")); });
  EXPECT_EQ(early.error().kind, base::ErrorKind::conflict);
  world.wait_for("first", Status::available);
  world.clock.time += std::chrono::hours(1);
  const auto stopped =
      world.run([&] { return world.environments->set_fleet(launched->id, Fleet::stopped, World::cause("Stop")); })
          .value();
  EXPECT_EQ(stopped->fleet, Fleet::stopped);
  EXPECT_EQ(stopped->fleet_updated_at, world.clock.time);
  EXPECT_THAT(world.provider.tended, ElementsAre(Pair(launched->id, Fleet::stopped)));
  EXPECT_EQ(world.find("first")->fleet, Fleet::stopped);
}

TEST(Environments, OnlyWhatIsThereHasInstancesToTerminate) {
  World world;
  world.action("local:slurmStart").held = true;
  const auto launched = world.launch(World::launch_request("first")).value();
  const auto terminate = [&] {
    return world.environments->terminate_instances(launched->id, World::cause("DeleteInstances"));
  };
  world.run(terminate).value();
  EXPECT_THAT(world.provider.terminated_instances_of, testing::IsEmpty());
  world.action("local:slurmStart").held = false;
  world.wait_for("first", Status::available);
  world.run(terminate).value();
  EXPECT_THAT(world.provider.terminated_instances_of, ElementsAre("first"));
}

TEST(Environments, EveryChangeHasItsAuditRecord) {
  World world;
  const auto id = world.launch(World::launch_request("first")).value()->id;
  world.wait_for("first", Status::available);
  world.run([&] { return world.environments->set_fleet(id, Fleet::stopped, World::cause("Stop")); }).value();
  // Nothing changes, so nothing is recorded.
  world.run([&] { return world.environments->set_fleet(id, Fleet::stopped, World::cause("Stop")); }).value();
  world.run([&] { return world.environments->terminate(id, World::cause("Delete")); }).value();
  world.wait_for("first", std::nullopt);
  std::vector<std::string> operations;
  for (const auto& row : audit_of(world, id)) operations.push_back(row.what);
  EXPECT_THAT(operations, ElementsAre("Delete", "Stop", "Launch"));
  const auto launch = audit_of(world, id).back();
  EXPECT_EQ(launch.who, "alice");
  EXPECT_EQ(launch.surface, "test");
  EXPECT_EQ(launch.request_id, "request-1");
  EXPECT_EQ(launch.before, "");
  EXPECT_THAT(launch.after, HasSubstr("\"status\":\"pending\""));
  EXPECT_THAT(audit_of(world, id)[1].before, HasSubstr("\"fleet\":\"running\""));
}

TEST(Environments, WhatBecomesOfOneByItselfIsOnRecordAndFollowersHearOfIt) {
  World world;
  const auto id = world.launch(World::launch_request("first")).value()->id;
  world.wait_for("first", Status::available);
  const auto before = world.environments->events().ring().now();
  const auto told = [&] {
    auto place = before;
    return world.environments->events().ring().read(place, id, 1 << 16);
  };
  world.provider.notices->notice(id, "ProgramDied", "The program main died; it is started again.");
  world.until([&] { return told().find("The program main died") != std::string::npos; });
  const auto record = audit_of(world, id).front();
  EXPECT_EQ(record.what, "ProgramDied");
  EXPECT_EQ(record.who, "slipway");
}

TEST(Environments, APageEndsWithATokenOfTheNext) {
  World world;
  for (const auto* name : {"one", "two", "three"}) {
    world.launch(World::launch_request(name)).value();
    world.clock.time += std::chrono::milliseconds(1);
  }
  const auto list = [&](std::string token) {
    return world.run([&] { return world.environments->list("parallelcluster", "local", token, 2); });
  };
  const auto first = list("").value();
  ASSERT_EQ(first.environments.size(), 2u);
  EXPECT_EQ(first.environments[0]->name, "one");
  EXPECT_EQ(first.environments[1]->name, "two");
  const auto second = list(first.next).value();
  ASSERT_EQ(second.environments.size(), 1u);
  EXPECT_EQ(second.environments[0]->name, "three");
  EXPECT_EQ(second.next, "");
  EXPECT_EQ(list("nonsense").error().kind, base::ErrorKind::invalid);
}

TEST(Environments, ARestartGoesOnWithALaunchAndTendsWhatIsAvailable) {
  World world;
  const auto available = world.launch(World::launch_request("first")).value()->id;
  world.wait_for("first", Status::available);
  world.action("local:slurmStartNodes").held = true;
  const auto launching = world.launch(World::launch_request("second")).value()->id;
  world.until([&] { return world.action("local:slurmStartNodes").runs == 2; });
  world.provider.tended.clear();
  world.provider.leftover = {"/folder/of/nobody"};
  world.restart();
  EXPECT_THAT(world.provider.tended, ElementsAre(Key(available)));
  EXPECT_THAT(world.provider.live_at_sweep, testing::UnorderedElementsAre(available, launching));
  world.action("local:slurmStartNodes").held = false;
  world.wait_for("second", Status::available);
  world.until([&] { return world.provider.leftover.empty(); });
}

TEST(Environments, ARestartGoesOnWithATerminationWhoseLaunchWasBeingCancelled) {
  World world;
  world.action("local:slurmStart").held = true;
  const auto id = world.launch(World::launch_request("first")).value()->id;
  world.until([&] { return world.action("local:slurmStart").runs == 1; });
  // As a crash right after the commit of the request leaves it: terminating, the launch not yet told.
  world
      .run([&] {
        return world.database->write([&](storage::Connection& connection) {
          return connection.execute("UPDATE environment SET status = 'terminating' WHERE id = ?", {id.str()})
                     ? base::Result<void>()
                     : base::internal("no update");
        });
      })
      .value();
  world.restart();
  world.wait_for("first", std::nullopt);
  EXPECT_EQ(world.action("local:slurmRemove").runs, 1);
}

// It may be begun again at any moment; what it left is swept by its records.
TEST(Environments, ALaunchThatWasRolledBackIsKeptFromTheSweepOfWhatIsNobodys) {
  World world;
  world.action("local:slurmPrepare").failure = no_free_port();
  const auto id = world.launch(World::launch_request("first")).value()->id;
  world.wait_for("first", Status::failed);
  world.restart();
  EXPECT_THAT(world.provider.live_at_sweep, testing::ElementsAre(id));
  EXPECT_TRUE(world.find("first")->rolled_back);
}

TEST(Environments, WhyTellsTheChainFromTheRequestToTheLastLines) {
  World world;
  world.action("local:slurmPrepare").failure = no_free_port();
  const auto id = world.launch(World::launch_request("first")).value()->id;
  world.wait_for("first", Status::failed);
  const auto explanation = world.run([&] { return world.environments->explain("first"); }).value();
  ASSERT_EQ(explanation.requests.size(), 1u);
  EXPECT_EQ(explanation.requests[0].what, "Launch");
  ASSERT_EQ(explanation.executions.size(), 1u);
  EXPECT_EQ(explanation.executions[0].failed_step, "Prepare");
  EXPECT_EQ(conclusion(explanation),
            "first is failed; nothing of it is left. Its launch failed at step Prepare: No port is free. Delete "
            "clusters. (NoFreePort).");
  std::vector<std::string> cleaned;
  for (const auto* step : cleanup_steps(explanation)) cleaned.push_back(step->step);
  EXPECT_THAT(cleaned, ElementsAre("RollbackStop", "RollbackRemove"));
  const auto body = to_json(explanation);
  EXPECT_EQ(body.at("failure").at("code"), "NoFreePort");
  const auto& prepare = body.at("executions").at(0).at("steps").at(0);
  EXPECT_EQ(prepare.at("name"), "Prepare");
  EXPECT_EQ(prepare.at("action"), "local:slurmPrepare");
  EXPECT_EQ(prepare.at("state"), "Failed");
  EXPECT_EQ(prepare.at("failure").at("evidence").at(1), "bind: Address already in use");
  EXPECT_EQ(world.run([&] { return world.environments->explain(id.str()); }).value().environment->id, id);
}

TEST(Environments, WhyIsThereAfterTheEnvironmentIsGone) {
  World world;
  const auto id = world.launch(World::launch_request("first")).value()->id;
  world.wait_for("first", Status::available);
  world.run([&] { return world.environments->terminate(id, World::cause("Delete")); }).value();
  world.wait_for("first", std::nullopt);
  const auto explanation = world.run([&] { return world.environments->explain("first"); }).value();
  EXPECT_EQ(explanation.environment->status, Status::terminated);
  EXPECT_EQ(explanation.executions.size(), 2u);
  EXPECT_EQ(conclusion(explanation), "first is terminated.");
  EXPECT_EQ(world.run([&] { return world.environments->explain("never"); }).error().kind, base::ErrorKind::not_found);
}

// Of an environment g2, about which these executions tell.
std::string concluded(Status status, std::vector<workflow::ExecutionHistory> executions) {
  Environment environment;
  environment.name = "g2";
  environment.status = status;
  Explanation explanation;
  explanation.environment = std::make_shared<const Environment>(std::move(environment));
  explanation.executions = std::move(executions);
  return conclusion(explanation);
}

TEST(Environments, WhyTellsWhoCancelledALaunch) {
  workflow::ExecutionHistory launch;
  launch.kind = "launch";
  launch.status = "Cancelled";
  launch.cancelled_by = "ann";
  EXPECT_EQ(concluded(Status::failed, {launch}), "g2 is failed. Its launch was cancelled by ann.");
  launch.completing = true;
  EXPECT_EQ(concluded(Status::failed, {launch}), "g2 is failed. Its launch was told to begin no further step by ann.");
  auto terminate = launch;
  terminate.kind = "terminate";
  terminate.status = "Success";
  EXPECT_EQ(concluded(Status::terminated, {launch, terminate}), "g2 is terminated.");
}

TEST(Environments, WhySaysInItsFirstLineWhomALaunchWaitsFor) {
  const auto waiting = [](std::string waits_for, boost::json::object inputs) {
    workflow::StepHistory step;
    step.step = "Ask";
    step.waits_for = std::move(waits_for);
    step.inputs = std::move(inputs);
    step.reason = {.code = "UnknownOutcome", .message = "nobody knows", .evidence = {}};
    workflow::ExecutionHistory launch;
    launch.kind = "launch";
    launch.status = "Waiting";
    launch.steps = {std::move(step)};
    return concluded(Status::pending, {std::move(launch)});
  };
  EXPECT_EQ(waiting("approval", {{"Approvers", {"admin", "ann"}}}),
            "g2 is pending. Its launch waits at step Ask for approval by admin, ann.");
  EXPECT_EQ(waiting("approval", {{"Approvers", "admin"}}),
            "g2 is pending. Its launch waits at step Ask for approval by admin.");
  EXPECT_EQ(waiting("pause", {}), "g2 is pending. Its launch waits at step Ask for a person to resume it.");
  EXPECT_EQ(waiting("decision", {}),
            "g2 is pending. Its launch is held at step Ask until a person decides: nobody knows (UnknownOutcome).");
  EXPECT_EQ(waiting("sleep", {}), "g2 is pending.");
}

TEST(Environments, WhyNamesWhatIsUnhealthyNow) {
  World world;
  world.launch(World::launch_request("first")).value();
  world.wait_for("first", Status::available);
  auto sick = test_world::compute_node("i-00000000000000002", "queue1");
  sick.problem = "slurmd does not answer.";
  world.provider.listed = {test_world::head_node(), sick};
  const auto explanation = world.run([&] { return world.environments->explain("first"); }).value();
  ASSERT_EQ(explanation.unhealthy.size(), 1u);
  EXPECT_EQ(conclusion(explanation), "first is available. queue1-st-c5large-1: slurmd does not answer.");
}

}  // namespace
}  // namespace slipway::broker
