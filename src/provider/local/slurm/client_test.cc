#include "provider/local/slurm/client.h"

#include <gtest/gtest.h>

namespace slipway::provider::local::slurm {
namespace {

TEST(Sinfo, gives_each_nodes_state_and_mark) {
  const auto view = parse_sinfo(
      "q1-st-a-1|q1|up|idle|none\n"
      "q1-dy-a-1|q1|up|mixed#|none\n"
      "q1-dy-a-2|q1|up|down*|Not responding | really\n"
      "q2-dy-a-1|q2|inactive|idle~|none\n");
  ASSERT_EQ(view.nodes.size(), 4u);
  EXPECT_TRUE(view.nodes.at("q1-st-a-1").accepts_jobs());
  EXPECT_TRUE(view.nodes.at("q1-dy-a-1").is_coming());
  EXPECT_FALSE(view.nodes.at("q1-dy-a-1").accepts_jobs());
  EXPECT_TRUE(view.nodes.at("q1-dy-a-2").is_down());
  EXPECT_TRUE(view.nodes.at("q1-dy-a-2").is_silent());
  EXPECT_EQ(view.nodes.at("q1-dy-a-2").reason, "Not responding ");
  EXPECT_TRUE(view.nodes.at("q2-dy-a-1").is_off());
  EXPECT_EQ(view.partitions.at("q1"), "up");
  EXPECT_EQ(view.partitions.at("q2"), "inactive");
}

TEST(Sinfo, leaves_out_what_is_no_line) {
  EXPECT_TRUE(parse_sinfo("").nodes.empty());
  EXPECT_TRUE(parse_sinfo("slurm_load_partitions: Unable to contact slurm controller\n").nodes.empty());
}

TEST(Squeue, a_cluster_is_in_use_while_a_job_waits_or_runs) {
  for (const auto* state : {"PENDING", "RUNNING", "CONFIGURING", "COMPLETING", "SUSPENDED", "REQUEUED"}) {
    EXPECT_TRUE(parse_squeue(std::string("COMPLETED|1764201600\n") + state + "|N/A\n").busy) << state;
  }
  const auto idle = parse_squeue("");
  EXPECT_TRUE(idle.known);
  EXPECT_FALSE(idle.busy);
  EXPECT_FALSE(idle.last);
}

TEST(Squeue, the_last_end_counts_of_those_that_are_over) {
  const auto seen =
      parse_squeue("FAILED|1764201600\nCOMPLETED|1764205200\nCANCELLED|N/A\nTIMEOUT|1764201601\nno line\n");
  EXPECT_TRUE(seen.known);
  EXPECT_FALSE(seen.busy);
  EXPECT_EQ(seen.last, base::Time(std::chrono::seconds(1764205200)));
}

TEST(NodeView, going_and_coming_nodes_accept_no_jobs) {
  const auto view = parse_sinfo("a|q|up|idle!|none\nb|q|up|idle%|none\nc|q|up|unknown|none\nd|q|up|drained|none\n");
  EXPECT_TRUE(view.nodes.at("a").is_going());
  EXPECT_TRUE(view.nodes.at("b").is_going());
  EXPECT_TRUE(view.nodes.at("c").is_coming());
  for (const auto& [name, node] : view.nodes) EXPECT_FALSE(node.accepts_jobs()) << name;
}

}  // namespace
}  // namespace slipway::provider::local::slurm
