#include "provider/local/slurm/instances.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::provider::local::slurm {
namespace {

using process::State;
using testing::MatchesRegex;

struct Instances : testing::Test {
  Instances() {
    cluster.head_type = "t3.micro";
    cluster.nodes = {Node{.name = "q-st-a-1", .queue = "q", .instance_type = "c5.large", .is_static = true},
                     Node{.name = "q-dy-a-1", .queue = "q", .instance_type = "c5.large"}};
    set("munged", State::running, "0");
    set("slurmctld", State::running, "1");
    set("q-st-a-1", State::running, "2");
    set("q-dy-a-1", State::exited, "3");
  }
  void set(const std::string& daemon, State state, std::string run_id, std::string problem = {}) {
    reports[daemon].status.state = state;
    reports[daemon].status.run_id = std::move(run_id);
    reports[daemon].problem = std::move(problem);
  }
  std::vector<broker::Instance> list() const { return instances_of(base::EnvironmentId("env-1"), cluster, reports); }

  Cluster cluster;
  DaemonReports reports;
};

TEST_F(Instances, are_the_head_node_first_and_the_nodes_that_run) {
  const auto all = list();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].role, "HeadNode");
  EXPECT_EQ(all[0].type, "t3.micro");
  EXPECT_THAT(all[0].id, MatchesRegex("i-[0-9a-f]{17}"));
  EXPECT_EQ(all[1].role, "ComputeNode");
  EXPECT_EQ(all[1].node, "q-st-a-1");
  EXPECT_EQ(all[1].queue, "q");
  EXPECT_EQ(all[1].state, "running");
  EXPECT_EQ(all[1].private_address, "127.0.0.1");
}

TEST_F(Instances, keep_their_ids_until_they_are_started_again) {
  const auto before = list();
  EXPECT_EQ(list()[1].id, before[1].id);
  set("q-st-a-1", State::running, "4");
  EXPECT_NE(list()[1].id, before[1].id);
  EXPECT_EQ(list()[0].id, before[0].id);
}

TEST_F(Instances, that_crashed_leave_the_list_but_the_head_node_stays_and_tells_why) {
  set("q-st-a-1", State::exited, "2", "it crashed");
  set("slurmctld", State::exited, "1");
  const auto all = list();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].state, "pending");
  EXPECT_EQ(all[0].problem, "it crashed");
  set("slurmctld", State::exited, "1", "its own");
  EXPECT_EQ(list()[0].problem, "its own");
}

TEST_F(Instances, of_a_node_that_is_unwell_tell_so_themselves) {
  set("q-st-a-1", State::running, "2", "it does not answer");
  EXPECT_EQ(list()[0].problem, "");
  EXPECT_EQ(list()[1].problem, "it does not answer");
}

}  // namespace
}  // namespace slipway::provider::local::slurm
