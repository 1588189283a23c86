// A real cluster on this machine, from its making to its removal. Skipped where Slurm is not installed.

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

#include "provider/local/slurm/daemons.h"
#include "provider/local/test_support.h"

namespace slipway::provider::local {
namespace {

using broker::Fleet;
using broker::FleetStatus;
using testing::ElementsAre;
using testing::HasSubstr;

struct Life : MachineTest {
  void SetUp() override {
    if (!slurm::check_programs(settings)) GTEST_SKIP() << "Slurm is not installed";
  }

  broker::FleetStatus fleet() const { return provider->fleet(environment); }

  std::vector<std::string> nodes() const {
    std::vector<std::string> names;
    for (const auto& instance : provider->instances(environment)) {
      if (instance.role == "ComputeNode" && instance.state == "running") names.push_back(instance.node);
    }
    return names;
  }

  void want(Fleet wanted) {
    environment.fleet = wanted;
    provider->tend(environment);
  }

  std::string state_of(const std::string& node) {
    const auto state = slurm({"sinfo", "-h", "-N", "-n", node, "-o", "%T"});
    return state.substr(0, state.find('\n'));
  }

  std::string srun(const std::string& node) {
    return slurm({"srun", "-N1", "-w", node, "--chdir=/tmp", "/bin/echo", "ran on " + node});
  }
};

const std::string kStatic = "queue1-st-c5large-1";
const std::string kElastic = "queue1-dy-c5large-1";

TEST_F(Life, a_cluster_runs_jobs_and_is_gone_without_a_trace) {
  const auto launched = launch(configuration(1, 2));
  ASSERT_TRUE(launched) << launched.error().message << fmt::format("\n{}", fmt::join(launched.error().evidence, "\n"));
  EXPECT_THAT(srun(kStatic), HasSubstr("ran on " + kStatic));
  EXPECT_EQ(std::filesystem::status(paths().directory).permissions(), std::filesystem::perms(0700));
  ASSERT_TRUE(terminate());
  EXPECT_TRUE(processes().empty());
  EXPECT_FALSE(std::filesystem::exists(paths().directory));
  EXPECT_FALSE(std::filesystem::exists(paths().sockets));
  EXPECT_TRUE(ports->of(environment.id)->empty());
}

TEST_F(Life, an_elastic_node_comes_for_a_job_and_is_listed) {
  ASSERT_TRUE(launch(configuration(1, 2)));
  want(Fleet::running);
  EXPECT_THAT(nodes(), ElementsAre(kStatic));
  EXPECT_THAT(srun(kElastic), HasSubstr("ran on " + kElastic));
  EXPECT_TRUE(until([&] { return nodes() == std::vector{kStatic, kElastic}; }));
  EXPECT_EQ(fleet(), FleetStatus::running);
}

TEST_F(Life, it_is_in_use_while_a_job_is_in_the_queue_and_afterwards_tells_when_the_last_one_ended) {
  ASSERT_TRUE(launch(configuration(1, 1)));
  const auto seen = [&] { return run([&] { return provider->activity(environment); }); };
  EXPECT_TRUE(seen()->known);
  EXPECT_FALSE(seen()->busy);
  slurm({"sbatch", "--chdir=/tmp", "-o", "/dev/null", "--wrap", "sleep 1000"});
  EXPECT_TRUE(seen()->busy);
  const auto before = std::chrono::floor<std::chrono::seconds>(base::system_clock().now());
  slurm({"scancel", "1"});
  ASSERT_TRUE(until([&] { return !seen()->busy; }));
  EXPECT_GE(seen()->last.value(), before);
  ASSERT_TRUE(terminate());
  EXPECT_FALSE(seen());
}

TEST_F(Life, a_killed_node_comes_back_as_another_instance_and_without_its_job) {
  ASSERT_TRUE(launch(configuration(1, 1)));
  want(Fleet::running);
  ASSERT_TRUE(until([&] { return nodes().size() == 1; }));
  slurm({"sbatch", "--chdir=/tmp", "-o", "/dev/null", "--wrap", "sleep 1000"});
  ASSERT_TRUE(until([&] { return slurm({"squeue", "-h", "-o", "%T"}) == "RUNNING\n"; }));
  const auto before = provider->instances(environment);
  ASSERT_EQ(::kill(pid_of(kStatic), SIGKILL), 0);
  ASSERT_TRUE(until([&] {
    const auto now = provider->instances(environment);
    return now.size() == 2 && now[1].id != before[1].id && now[1].state == "running" && now[1].problem.empty();
  }));
  EXPECT_EQ(provider->instances(environment)[0].id, before[0].id);
  EXPECT_NE(slurm({"squeue", "-h", "-o", "%T"}), "RUNNING\n");
  EXPECT_TRUE(until([&] { return state_of(kStatic) == "idle"; }));
}

TEST_F(Life, a_killed_controller_comes_back_and_its_nodes_stay) {
  ASSERT_TRUE(launch(configuration(1, 1)));
  want(Fleet::running);
  ASSERT_TRUE(until([&] { return nodes().size() == 1; }));
  const auto before = provider->instances(environment);
  const auto munged = pid_of("munged");
  ASSERT_EQ(::kill(pid_of("slurmctld"), SIGKILL), 0);
  ASSERT_EQ(::kill(munged, SIGKILL), 0);
  ASSERT_TRUE(until([&] {
    const auto now = provider->instances(environment);
    return now[0].id != before[0].id && now[0].state == "running" && now[0].problem.empty() && pid_of("munged") > 0;
  }));
  EXPECT_EQ(provider->instances(environment)[1].id, before[1].id);
  EXPECT_TRUE(until([&] { return state_of(kStatic) == "idle"; }));
  EXPECT_THAT(srun(kStatic), HasSubstr("ran on " + kStatic));
}

TEST_F(Life, the_fleet_stops_and_starts_as_often_as_asked) {
  ASSERT_TRUE(launch(configuration(1, 2)));
  want(Fleet::running);
  ASSERT_THAT(srun(kElastic), HasSubstr("ran on"));
  for (int round = 0; round < 2; ++round) {
    want(Fleet::stopped);
    EXPECT_EQ(fleet(), FleetStatus::stop_requested);
    ASSERT_TRUE(until([&] { return fleet() == FleetStatus::stopped; }));
    EXPECT_TRUE(nodes().empty());
    EXPECT_THAT(srun(kStatic), HasSubstr("partition not available"));
    want(Fleet::running);
    ASSERT_TRUE(until([&] { return fleet() == FleetStatus::running; }));
    EXPECT_THAT(nodes(), ElementsAre(kStatic));
    EXPECT_THAT(srun(kStatic), HasSubstr("ran on"));
  }
}

TEST_F(Life, another_broker_adopts_the_cluster_and_finishes_what_the_first_had_begun) {
  ASSERT_TRUE(launch(configuration(1, 2)));
  want(Fleet::running);
  ASSERT_TRUE(until([&] { return nodes().size() == 1; }));
  const auto before = provider->instances(environment);
  restart();
  EXPECT_EQ(provider->instances(environment)[1].id, before[1].id);  // nobody looks after it yet
  want(Fleet::running);
  ASSERT_TRUE(until([&] { return provider->instances(environment)[0].id == before[0].id; }));
  want(Fleet::stopped);
  ASSERT_TRUE(until([&] { return fleet() == FleetStatus::stopping; }));
  restart();
  want(Fleet::stopped);
  ASSERT_TRUE(until([&] { return fleet() == FleetStatus::stopped; }));
  EXPECT_TRUE(nodes().empty());
}

TEST_F(Life, terminated_instances_come_back_where_they_are_static) {
  ASSERT_TRUE(launch(configuration(1, 2)));
  want(Fleet::running);
  ASSERT_THAT(srun(kElastic), HasSubstr("ran on"));
  ASSERT_TRUE(until([&] { return nodes().size() == 2; }));
  const auto before = provider->instances(environment);
  ASSERT_TRUE(run([&] { return provider->terminate_instances(environment); }));
  ASSERT_TRUE(until([&] { return nodes().empty(); }));
  ASSERT_TRUE(until([&] { return nodes() == std::vector{kStatic}; }));
  EXPECT_NE(provider->instances(environment)[1].id, before[1].id);
  EXPECT_TRUE(until([&] { return state_of(kStatic) == "idle"; }));
}

}  // namespace
}  // namespace slipway::provider::local
