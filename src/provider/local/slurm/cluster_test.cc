#include "provider/local/slurm/cluster.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace slipway::provider::local::slurm {
namespace {

namespace json = boost::json;
using base::ErrorKind;
using testing::ElementsAre;

const InstanceTypes kTypes = {{"t3.micro", {.vcpus = 2, .memory_mib = 1024}},
                              {"c5.large", {.vcpus = 2, .memory_mib = 4096}},
                              {"c5.xlarge", {.vcpus = 4, .memory_mib = 8192}}};

// `queues`: JSON of the list.
base::Result<Cluster> plan(std::string_view queues, int max_nodes = 64) {
  json::object configuration{
      {"HeadNode", {{"InstanceType", "t3.micro"}}},
      {"Scheduling",
       {{"Scheduler", "slurm"}, {"SlurmSettings", {{"ScaledownIdletime", 10}}}, {"SlurmQueues", json::parse(queues)}}}};
  return plan_cluster("first", configuration, kTypes, max_nodes);
}

constexpr std::string_view kTwoQueues = R"([
  {"Name": "q1", "ComputeResources": [
    {"Name": "large", "InstanceType": "c5.large", "MinCount": 1, "MaxCount": 3}]},
  {"Name": "q2", "ComputeResources": [
    {"Name": "mixed", "Instances": [{"InstanceType": "c5.xlarge"}, {"InstanceType": "c5.large"}],
     "MinCount": 0, "MaxCount": 1}]}])";

std::vector<std::string> names(const Cluster& cluster) {
  std::vector<std::string> all;
  for (const auto& node : cluster.nodes) all.push_back(node.name);
  return all;
}

std::string code(const base::Result<Cluster>& planned) {
  return planned ? "planned" : planned.error().code;
}

TEST(Plan, names_static_and_elastic_nodes_as_parallelcluster_does) {
  const auto cluster = plan(kTwoQueues).value();
  EXPECT_THAT(cluster.queues, ElementsAre("q1", "q2"));
  EXPECT_THAT(names(cluster), ElementsAre("q1-st-large-1", "q1-dy-large-1", "q1-dy-large-2", "q2-dy-mixed-1"));
  EXPECT_THAT(cluster.static_nodes(), ElementsAre("q1-st-large-1"));
  EXPECT_EQ(cluster.head_type, "t3.micro");
}

TEST(Plan, takes_cpus_and_memory_from_the_first_instance_type) {
  const auto cluster = plan(kTwoQueues).value();
  EXPECT_EQ(cluster.find("q1-st-large-1")->memory_mib, 3891);
  EXPECT_EQ(cluster.find("q2-dy-mixed-1")->instance_type, "c5.xlarge");
  EXPECT_EQ(cluster.find("q2-dy-mixed-1")->cpus, 4);
  EXPECT_EQ(cluster.find("nobody"), nullptr);
}

TEST(Plan, counts_idle_time_in_minutes_and_never_as_a_long_time) {
  EXPECT_EQ(plan(kTwoQueues)->idle_time, std::chrono::minutes(10));
  json::object configuration{{"HeadNode", {{"InstanceType", "t3.micro"}}},
                             {"Scheduling",
                              {{"Scheduler", "slurm"},
                               {"SlurmSettings", {{"ScaledownIdletime", -1}}},
                               {"SlurmQueues", json::parse(kTwoQueues)}}}};
  const auto never = plan_cluster("first", configuration, kTypes, 64)->idle_time;
  EXPECT_GE(never, std::chrono::days(365));
  configuration["Scheduling"].as_object()["SlurmSettings"].as_object()["ScaledownIdletime"] = INT64_MAX;
  EXPECT_EQ(plan_cluster("first", configuration, kTypes, 64)->idle_time, never);
}

TEST(Plan, refuses_an_instance_type_that_is_not_in_the_table_and_says_where) {
  const auto planned = plan(R"([{"Name": "q1", "ComputeResources": [
    {"Name": "r", "InstanceType": "x9.huge", "MinCount": 0, "MaxCount": 1}]}])");
  ASSERT_EQ(code(planned), "UnknownInstanceType");
  EXPECT_EQ(planned.error().kind, ErrorKind::invalid);
  EXPECT_EQ(planned.error().field, "Scheduling.SlurmQueues[0].ComputeResources[0].InstanceType");
  EXPECT_EQ(planned.error().message, "The following supplied instance types do not exist: [x9.huge]");
}

TEST(Plan, looks_at_every_instance_type_of_a_resource) {
  const auto planned = plan(R"([{"Name": "q1", "ComputeResources": [
    {"Name": "r", "Instances": [{"InstanceType": "c5.large"}, {"InstanceType": "x9.huge"}], "MinCount": 0, "MaxCount": 1}]}])");
  ASSERT_EQ(code(planned), "UnknownInstanceType");
  EXPECT_EQ(planned.error().field, "Scheduling.SlurmQueues[0].ComputeResources[0].Instances[1].InstanceType");
}

TEST(Plan, refuses_more_nodes_than_the_setting_allows) {
  EXPECT_EQ(code(plan(kTwoQueues, 4)), "planned");
  EXPECT_EQ(code(plan(kTwoQueues, 3)), "TooManyNodes");
  EXPECT_EQ(code(plan(R"([{"Name": "q1", "ComputeResources": [
    {"Name": "r", "InstanceType": "c5.large", "MinCount": 0, "MaxCount": 2000000000}]}])")),
            "TooManyNodes");
}

TEST(Plan, refuses_names_that_would_say_something_else_in_slurms_configuration) {
  EXPECT_EQ(code(plan(R"([{"Name": "q1 Nodes=all\nResumeProgram=/bin/false", "ComputeResources": []}])")), "BadName");
  EXPECT_EQ(code(plan(R"([{"Name": "q1", "ComputeResources": [
    {"Name": "a/b", "InstanceType": "c5.large", "MinCount": 0, "MaxCount": 1}]}])")),
            "BadName");
  for (const auto* name : {"DEFAULT", "default", "-a"}) {
    EXPECT_EQ(code(plan(fmt::format(R"([{{"Name": "{}", "ComputeResources": []}}])", name))), "BadName") << name;
  }
}

TEST(Plan, refuses_two_nodes_of_one_name) {
  EXPECT_EQ(code(plan(R"([
    {"Name": "a", "ComputeResources": [{"Name": "x-st-y", "InstanceType": "c5.large", "MinCount": 1, "MaxCount": 1}]},
    {"Name": "a-st-x", "ComputeResources": [{"Name": "y", "InstanceType": "c5.large", "MinCount": 1, "MaxCount": 1}]}])")),
            "BadName");
}

TEST(Plan, refuses_another_scheduler_and_a_cluster_without_nodes) {
  json::object other{{"HeadNode", {{"InstanceType", "t3.micro"}}}, {"Scheduling", {{"Scheduler", "awsbatch"}}}};
  EXPECT_EQ(code(plan_cluster("first", other, kTypes, 64)), "SchedulerNotSupported");
  EXPECT_EQ(code(plan("[]")), "NoNodes");
}

TEST(ClusterRecord, reads_back_what_was_written) {
  auto cluster = plan(kTwoQueues).value();
  assign_ports(cluster, {20000, 20001, 20002, 20003, 20004});
  cluster.network = {.host = "vm", .address = "127.0.1.1", .listen = Network::Listen::controller};
  ASSERT_EQ(ports_needed(cluster), 5u);
  const auto text = to_json(cluster);
  const auto read = parse_cluster(text).value();
  EXPECT_EQ(to_json(read), text);
  EXPECT_EQ(read.controller().address, "127.0.1.1");
  EXPECT_EQ(read.controller().port, 20000);
  EXPECT_EQ(read.find("q2-dy-mixed-1")->port, 20004);
}

TEST(ClusterRecord, refuses_what_it_did_not_write) {
  EXPECT_FALSE(parse_cluster(""));
  EXPECT_FALSE(parse_cluster("{}"));
  EXPECT_FALSE(parse_cluster(R"({"queues": 3})"));
  auto cluster = plan(kTwoQueues).value();
  cluster.network.listen = static_cast<Network::Listen>(3);
  EXPECT_FALSE(parse_cluster(to_json(cluster)));
}

TEST(InstanceTypes, are_read_from_the_table_and_refused_without_their_facts) {
  EXPECT_EQ(read_instance_types({{"a.b", {{"vcpus", 3}, {"memory_mib", 5}}}})->at("a.b").vcpus, 3);
  for (const auto* facts : {R"({"vcpus": 0, "memory_mib": 1})", R"({"vcpus": 1})", R"(7)"}) {
    EXPECT_FALSE(read_instance_types({{"a.b", json::parse(facts)}})) << facts;
  }
}

}  // namespace
}  // namespace slipway::provider::local::slurm
