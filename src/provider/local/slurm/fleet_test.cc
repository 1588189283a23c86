#include "provider/local/slurm/fleet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::provider::local::slurm {
namespace {

using broker::Fleet;
using testing::ElementsAre;
using testing::IsEmpty;

// One static node `st` and one elastic `dy` in the partition q, both with their markers unless `marked` says otherwise.
FleetOrders orders(Fleet wanted, const std::string& partition, const std::string& st, const std::string& dy,
                   const std::set<std::string>& marked = {"st", "dy"}) {
  Cluster cluster;
  cluster.queues = {"q"};
  cluster.nodes = {Node{.name = "st", .queue = "q", .is_static = true}, Node{.name = "dy", .queue = "q"}};
  const auto view = parse_sinfo("st|q|" + partition + "|" + st + "|none\ndy|q|" + partition + "|" + dy + "|none\n");
  return fleet_orders(cluster, wanted, view, marked);
}

void expect_nothing(const FleetOrders& given) {
  EXPECT_THAT(given.deactivate, IsEmpty());
  EXPECT_THAT(given.power_down_force, IsEmpty());
  EXPECT_THAT(given.power_down, IsEmpty());
  EXPECT_THAT(given.power_up, IsEmpty());
  EXPECT_THAT(given.activate, IsEmpty());
}

TEST(StoppedFleet, first_closes_its_partitions_and_powers_down_every_node_that_is_not) {
  const auto given = orders(Fleet::stopped, "up", "mixed", "idle~");
  EXPECT_THAT(given.deactivate, ElementsAre("q"));
  EXPECT_THAT(given.power_down_force, ElementsAre("st"));
  EXPECT_FALSE(given.settled);
}

TEST(StoppedFleet, waits_for_nodes_that_are_going_without_ordering_it_again) {
  for (const auto* going : {"idle!", "idle%", "completing!"}) {
    const auto given = orders(Fleet::stopped, "inactive", going, "idle~");
    expect_nothing(given);
    EXPECT_FALSE(given.settled);
  }
}

TEST(StoppedFleet, is_settled_when_all_are_off) {
  const auto given = orders(Fleet::stopped, "inactive", "idle~", "down~");
  expect_nothing(given);
  EXPECT_TRUE(given.settled);
}

TEST(StoppedFleet, stops_nodes_that_are_coming_too) {
  EXPECT_THAT(orders(Fleet::stopped, "inactive", "idle#", "mixed#").power_down_force, ElementsAre("st", "dy"));
}

TEST(RunningFleet, powers_static_nodes_up_before_it_opens_its_partitions) {
  auto given = orders(Fleet::running, "inactive", "idle~", "idle~");
  EXPECT_THAT(given.power_up, ElementsAre("st"));
  EXPECT_THAT(given.activate, IsEmpty());
  given = orders(Fleet::running, "inactive", "idle#", "idle~");
  expect_nothing(given);
  EXPECT_FALSE(given.settled);
  given = orders(Fleet::running, "inactive", "idle", "idle~");
  EXPECT_THAT(given.activate, ElementsAre("q"));
  EXPECT_FALSE(given.settled);
}

TEST(RunningFleet, is_settled_while_elastic_nodes_come_and_go_by_themselves) {
  for (const auto* elastic : {"idle~", "mixed#", "idle", "idle%"}) {
    const auto given = orders(Fleet::running, "up", "allocated", elastic);
    expect_nothing(given);
    EXPECT_TRUE(given.settled) << elastic;
  }
}

TEST(RunningFleet, makes_a_node_usable_again_that_did_not_come_in_time) {
  const auto given = orders(Fleet::running, "up", "idle", "down~");
  EXPECT_THAT(given.power_down, ElementsAre("dy"));
  EXPECT_FALSE(given.settled);
}

TEST(RunningFleet, takes_down_what_nothing_would_ever_start) {
  const auto given = orders(Fleet::running, "up", "down*", "idle~", {});
  EXPECT_THAT(given.power_down_force, ElementsAre("st"));
}

TEST(RunningFleet, does_not_wait_for_a_node_that_is_down_or_drained_for_a_reason) {
  for (const auto* state : {"down", "down*", "drained", "draining"}) {
    EXPECT_THAT(orders(Fleet::running, "inactive", state, "idle~").activate, ElementsAre("q")) << state;
  }
}

TEST(RunningFleet, leaves_a_partition_alone_that_somebody_else_closed) {
  const auto given = orders(Fleet::running, "drain", "idle", "idle~");
  expect_nothing(given);
  EXPECT_TRUE(given.settled);
}

}  // namespace
}  // namespace slipway::provider::local::slurm
