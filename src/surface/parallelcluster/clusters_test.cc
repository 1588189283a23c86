// What the operations on clusters, fleets and instances answer.
#include "surface/parallelcluster/surface_fixture.h"

namespace slipway::surface::parallelcluster {
namespace {

using broker::Status;
using test_world::first_cluster;
using test_world::Query;
using testing::ElementsAre;

class Clusters : public test_world::SurfaceTest {};

TEST_F(Clusters, DescribeHasTheReferencesFields) {
  world.provider.listed = {broker::test_world::head_node(), broker::test_world::compute_node("i-2", "queue1")};
  make_cluster("first");
  const auto body = describe("first").body;
  EXPECT_EQ(body.at("cloudFormationStackStatus"), "CREATE_COMPLETE");
  EXPECT_FALSE(body.as_object().contains("cloudformationStackStatus"));
  EXPECT_EQ(body.at("clusterStatus"), "CREATE_COMPLETE");
  EXPECT_EQ(body.at("computeFleetStatus"), "RUNNING");
  EXPECT_EQ(body.at("creationTime"), "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(body.at("lastUpdatedTime"), "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(body.at("headNode"), boost::json::parse(R"({"instanceId":"i-00000000000000001","instanceType":"t3.micro",
      "launchTime":"2023-11-14T22:13:20.000Z","privateIpAddress":"127.0.0.1","state":"running"})"));
  EXPECT_EQ(body.at("tags"), boost::json::parse(R"([{"key":"project","value":"first-steps"},
      {"key":"parallelcluster:cluster-name","value":"first"},{"key":"parallelcluster:version","value":"3.12.0"},
      {"key":"slipway:slurm-conf","value":"/folder/first/slurm.conf"},{"key":"slipway:directory","value":"/folder/first"}])"));
  EXPECT_FALSE(body.as_object().contains("failures"));
  EXPECT_FALSE(body.as_object().contains("loginNodes"));
  EXPECT_TRUE(test_world::is_sorted(body));
}

TEST_F(Clusters, AFailedCreateShowsItsFailure) {
  world.action("local:slurmPrepare").failure = base::unavailable("No port is free. Delete clusters.", "NoFreePort");
  ASSERT_EQ(create("first").status, 202);
  world.wait_for("first", Status::failed);
  const auto body = describe("first").body;
  EXPECT_EQ(body.at("cloudFormationStackStatus"), "ROLLBACK_COMPLETE");
  EXPECT_EQ(body.at("clusterStatus"), "CREATE_FAILED");
  EXPECT_EQ(body.at("computeFleetStatus"), "UNKNOWN");
  EXPECT_EQ(body.at("failures"), boost::json::parse(R"([{"failureCode":"NoFreePort",
      "failureReason":"No port is free. Delete clusters."}])"));
  EXPECT_FALSE(body.as_object().contains("headNode"));
  EXPECT_TRUE(test_world::is_sorted(body));
}

TEST_F(Clusters, AFailedCreateIsKeptWhereRollbackOnFailureIsFalse) {
  world.action("local:slurmPrepare").failure = base::unavailable("No port is free.", "NoFreePort");
  ASSERT_EQ(create("first", first_cluster(), {{"rollbackOnFailure", "false"}}).status, 202);
  world.wait_for("first", Status::failed);
  EXPECT_EQ(describe("first").at("/cloudFormationStackStatus"), "CREATE_FAILED");
}

TEST_F(Clusters, WhatDoesNotExistIsNotFoundInTheWordsOfEachOperation) {
  const std::string text = "Cluster 'none' does not exist or belongs to an incompatible ParallelCluster major version.";
  EXPECT_EQ(describe("none").status, 404);
  EXPECT_EQ(describe("none").message(), text);
  EXPECT_EQ(call("GET", "/v3/clusters/none/computefleet").message(), text);
  EXPECT_EQ(send("PATCH", "/v3/clusters/none/computefleet", {{"status", "STOP_REQUESTED"}}).message(), text);
  EXPECT_EQ(call("DELETE", "/v3/clusters/none").message(),
            text +
                " In case you have running instances belonging to a deleted cluster please use the "
                "DeleteClusterInstances API.");
  EXPECT_EQ(call("DELETE", "/v3/clusters/none/instances").message(),
            text + " To force the deletion of all compute nodes, please use the `force` param.");
  EXPECT_EQ(call("DELETE", "/v3/clusters/none/instances", {{"force", "true"}}).status, 202);
  EXPECT_EQ(call("GET", "/v3/clusters/none/instances").body, boost::json::parse(R"({"instances":[]})"));
}

TEST_F(Clusters, ListFiltersByStatus) {
  EXPECT_EQ(call("GET", "/v3/clusters").body, boost::json::parse(R"({"clusters":[]})"));
  make_cluster("first");
  const auto all = call("GET", "/v3/clusters");
  EXPECT_EQ(all.at("/clusters/0/clusterName"), "first");
  EXPECT_EQ(all.at("/clusters/0/cloudformationStackStatus"), "CREATE_COMPLETE");
  EXPECT_TRUE(test_world::is_sorted(all.body));
  const Query two{{"clusterStatus", "CREATE_FAILED"}, {"clusterStatus", "CREATE_COMPLETE"}};
  EXPECT_EQ(call("GET", "/v3/clusters", two).body, all.body);
  EXPECT_EQ(call("GET", "/v3/clusters", {{"clusterStatus", "CREATE_FAILED,CREATE_COMPLETE"}}).body, all.body);
  EXPECT_EQ(call("GET", "/v3/clusters", {{"clusterStatus", "CREATE_FAILED"}}).body,
            boost::json::parse(R"({"clusters":[]})"));
  EXPECT_EQ(call("GET", "/v3/clusters", {{"region", "us-east-1"}}).body, boost::json::parse(R"({"clusters":[]})"));
}

TEST_F(Clusters, APageThatIsFilteredEmptyStillCarriesItsToken) {
  world.settings.running = 1;
  world.restart();
  ParallelClusterSurface again(*world.environments, world.clock, {});
  world.action("local:slurmPrepare").held = true;
  for (int i = 0; i < 101; ++i) {
    world.clock.time += std::chrono::milliseconds(1);
    world.launch(broker::test_world::World::launch_request("c" + std::to_string(i))).value();
  }
  auto made = request("GET", "/v3/clusters", {{"clusterStatus", "CREATE_COMPLETE"}});
  const auto list = [&] {
    const auto response = world.run(
        [&]() -> net::Task<http::Response> { co_return co_await again.router().match(made).route->handler(made); });
    return boost::json::parse(response->body);
  };
  const auto page = list();
  EXPECT_TRUE(page.at("clusters").as_array().empty());
  const std::string token(page.at("nextToken").as_string());
  made.query = {{"nextToken", token}};
  const auto rest = list();
  EXPECT_EQ(rest.at("clusters").as_array().size(), 1u);
  EXPECT_EQ(rest.at_pointer("/clusters/0/clusterName"), "c100");
  EXPECT_FALSE(rest.as_object().contains("nextToken"));
}

TEST_F(Clusters, DeleteIsAcceptedAndHarmlessToRepeat) {
  make_cluster("first");
  world.action("local:slurmStop").held = true;
  for (int i = 0; i < 2; ++i) {
    const auto answer = call("DELETE", "/v3/clusters/first");
    EXPECT_EQ(answer.status, 202);
    EXPECT_EQ(answer.at("/cluster/clusterStatus"), "DELETE_IN_PROGRESS");
    EXPECT_EQ(answer.at("/cluster/cloudformationStackStatus"), "DELETE_IN_PROGRESS");
    EXPECT_TRUE(test_world::is_sorted(answer.body));
  }
  EXPECT_EQ(describe("first").at("/clusterStatus"), "DELETE_IN_PROGRESS");
  world.action("local:slurmStop").held = false;
  world.wait_for("first", std::nullopt);
  EXPECT_EQ(describe("first").status, 404);
}

// --- fleet

TEST_F(Clusters, TheFleetStopsAndStarts) {
  make_cluster("first");
  world.clock.time += std::chrono::hours(1);
  const std::string path = "/v3/clusters/first/computefleet";
  const auto stopped = send("PATCH", path, {{"status", "STOP_REQUESTED"}});
  EXPECT_EQ(stopped.status, 200);
  EXPECT_EQ(stopped.body,
            boost::json::parse(R"({"lastStatusUpdatedTime":"2023-11-14T23:13:20.000Z","status":"STOPPED"})"));
  EXPECT_TRUE(test_world::is_sorted(stopped.body));
  EXPECT_EQ(call("GET", path).body, stopped.body);
  EXPECT_EQ(send("PATCH", path, {{"status", "START_REQUESTED"}}).at("/status"), "RUNNING");
}

TEST_F(Clusters, FleetStatesOfTheOtherSchedulerAreRefused) {
  make_cluster("first");
  const std::string path = "/v3/clusters/first/computefleet";
  EXPECT_EQ(send("PATCH", path, {{"status", "ENABLED"}}).message(),
            "Bad Request: the update compute fleet status can only be set to `START_REQUESTED` or `STOP_REQUESTED` for "
            "Slurm scheduler clusters.");
  EXPECT_EQ(send("PATCH", path, {{"status", "RUNNING"}}).message(),
            "Bad Request: 'RUNNING' is not one of ['START_REQUESTED', 'STOP_REQUESTED', 'ENABLED', 'DISABLED'] - "
            "'status'");
}

TEST_F(Clusters, TheFleetOfAClusterThatIsNotThereYetCannotChange) {
  world.action("local:slurmStart").held = true;
  ASSERT_EQ(create("first").status, 202);
  const std::string path = "/v3/clusters/first/computefleet";
  EXPECT_EQ(call("GET", path).body, boost::json::parse(R"({"status":"UNKNOWN"})"));
  EXPECT_EQ(send("PATCH", path, {{"status", "START_REQUESTED"}}).message(),
            "Bad Request: Failed when starting compute fleet with error: Cannot start/enable compute fleet while stack "
            "is in CREATE_IN_PROGRESS status.");
  EXPECT_EQ(send("PATCH", path, {{"status", "STOP_REQUESTED"}}).message(),
            "Bad Request: Failed when stopping compute fleet with error: Cannot stop/disable compute fleet while stack "
            "is in CREATE_IN_PROGRESS status.");
  world.action("local:slurmStart").held = false;
}

// --- instances

TEST_F(Clusters, InstancesAreFilteredByTypeAndQueue) {
  auto gone = broker::test_world::compute_node("i-3", "queue1");
  gone.state = "shutting-down";
  world.provider.listed = {broker::test_world::head_node(), broker::test_world::compute_node("i-2", "queue1"), gone,
                           broker::test_world::compute_node("i-4", "queue2")};
  make_cluster("first");
  const auto ids = [&](Query query) {
    std::vector<std::string> found;
    const auto answer = call("GET", "/v3/clusters/first/instances", std::move(query));
    for (const auto& instance : answer.at("/instances").as_array()) {
      found.emplace_back(instance.at("instanceId").as_string());
    }
    EXPECT_TRUE(test_world::is_sorted(answer.body));
    return found;
  };
  EXPECT_THAT(ids({}), ElementsAre("i-00000000000000001", "i-2", "i-4"));
  EXPECT_THAT(ids({{"nodeType", "HeadNode"}}), ElementsAre("i-00000000000000001"));
  EXPECT_THAT(ids({{"nodeType", "ComputeNode"}, {"queueName", "queue2"}}), ElementsAre("i-4"));
  EXPECT_THAT(ids({{"nodeType", "HeadNode"}, {"queueName", "queue1"}}), ElementsAre());
  EXPECT_EQ(call("GET", "/v3/clusters/first/instances", {{"nodeType", "ComputeNode"}}).at("/instances/0"),
            boost::json::parse(R"({"instanceId":"i-2","instanceType":"c5.large","launchTime":"2023-11-14T22:13:20.000Z",
                "nodeType":"ComputeNode","privateIpAddress":"127.0.0.1","queueName":"queue1","state":"running"})"));
}

TEST_F(Clusters, DeletingInstancesAnswersWithAnEmptyBody) {
  make_cluster("first");
  const auto answer = call("DELETE", "/v3/clusters/first/instances");
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.response.body, "");
  EXPECT_THAT(world.provider.terminated_instances_of, ElementsAre("first"));
}

}  // namespace
}  // namespace slipway::surface::parallelcluster
