// What goes wrong while a cluster is made. The daemons are shell scripts here: nothing of Slurm is needed.

#include <fstream>

#include "provider/local/slurm/daemons.h"
#include "provider/local/slurm/folder.h"
#include "provider/local/test_support.h"

namespace slipway::provider::local {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;

struct Actions : MachineTest {
  Actions() {
    bin = place / "bin";
    fs::create_directory(bin);
    settings.daemons_dir = settings.commands_dir = bin;
    program("munged", "for a; do case $a in --socket=*) : > \"${a#--socket=}\" ;; esac; done; exec sleep 1000");
    for (const auto* name : {"slurmctld", "slurmd", "scontrol", "sinfo", "squeue"}) program(name, "exit 0");
    reopen();
  }

  void program(const std::string& name, const std::string& script) {
    std::ofstream(bin / name) << "#!/bin/sh\n" << script << "\n";
    fs::permissions(bin / name, fs::perms(0755));
  }

  base::Error failure(const base::Result<void>& launched) {
    EXPECT_FALSE(launched);
    return launched ? base::Error{} : launched.error();
  }

  fs::path bin;
};

TEST_F(Actions, a_missing_program_is_named_with_its_package) {
  fs::remove(bin / "slurmctld");
  const auto error = failure(launch(configuration(1, 1)));
  EXPECT_EQ(error.code, "ProgramMissing");
  EXPECT_THAT(error.message, HasSubstr("apt-get install slurm-wlm"));
  environment.parameters = {{"Configuration", configuration(1, 1)}};
  workflow::Plan clusters;
  clusters.steps.emplace_back().action = "local:slurmPrepare";
  EXPECT_EQ(provider->check(environment, clusters).error().code, "ProgramMissing");
}

TEST_F(Actions, a_controller_that_ends_is_noticed_with_its_exit_code_and_last_lines) {
  program("slurmctld", "echo 'slurmctld: fatal: something is wrong' >&2; exit 7");
  const auto error = failure(launch(configuration(1, 1)));
  EXPECT_EQ(error.code, "DaemonDied");
  EXPECT_THAT(error.evidence, Contains("slurmctld: fatal: something is wrong"));
  EXPECT_THAT(error.evidence, Contains("ended with exit code 7"));
}

TEST_F(Actions, a_port_that_somebody_took_is_called_that) {
  program("slurmctld", "echo 'slurmctld: fatal: bind: Address already in use' >&2; exit 1");
  const auto error = failure(launch(configuration(1, 1)));
  EXPECT_EQ(error.code, "PortTaken");
  EXPECT_THAT(error.message, HasSubstr("slurmctld"));
}

TEST_F(Actions, a_munged_that_ends_is_noticed) {
  program("munged", "echo 'munged: Error: no entropy'; exit 1");
  const auto error = failure(launch(configuration(1, 1)));
  EXPECT_EQ(error.code, "DaemonDied");
  EXPECT_THAT(error.evidence, Contains("munged: Error: no entropy"));
}

TEST_F(Actions, a_folder_that_cannot_be_made_is_named) {
  fs::remove_all(settings.environments_dir);
  std::ofstream(settings.environments_dir) << "a file";
  const auto error = failure(launch(configuration(1, 1)));
  EXPECT_EQ(error.code, "DirectoryNotWritable");
  EXPECT_THAT(error.message, HasSubstr(settings.environments_dir.native()));
  fs::remove(settings.environments_dir);
}

TEST_F(Actions, too_few_ports_are_called_that) {
  settings.ports.last = settings.ports.first;
  ports = std::make_unique<broker::Ports>(*database, base::system_clock(), settings.ports);
  reopen();
  const auto error = failure(launch(configuration(1, 1)));
  EXPECT_EQ(error.code, "NoFreePort");
  EXPECT_THAT(error.message, HasSubstr("local.first_port"));
}

TEST_F(Actions, preparing_twice_keeps_ports_and_key) {
  const boost::json::object inputs{{"Configuration", configuration(1, 3)}};
  const auto first = act("local:slurmPrepare", inputs);
  ASSERT_TRUE(first) << first.error().message;
  const auto before = *slurm::read_record(paths(), account);
  EXPECT_EQ(first->at("SlurmConf").as_string(), paths().slurm_conf().native());
  ASSERT_TRUE(act("local:slurmPrepare", inputs));
  EXPECT_EQ(slurm::to_json(**slurm::read_record(paths(), account)), slurm::to_json(*before));
  EXPECT_EQ(ports->of(environment.id)->size(), 4u);
}

TEST_F(Actions, starting_without_preparing_says_so) {
  EXPECT_EQ(act("local:slurmStart").error().code, "NotPrepared");
}

TEST_F(Actions, a_kept_cluster_whose_folder_is_gone_has_that_problem_and_no_instance_that_runs) {
  provider->tend(environment);
  ASSERT_TRUE(until([&] { return !provider->instances(environment).empty(); }));
  const auto shown = provider->instances(environment);
  EXPECT_EQ(shown[0].state, "terminated");
  EXPECT_THAT(shown[0].problem, HasSubstr(paths().directory.native() + " is gone; put it back"));
}

TEST_F(Actions, stopping_and_removing_what_never_was_is_fine) {
  EXPECT_TRUE(act("local:slurmStop"));
  EXPECT_TRUE(act("local:slurmRemove")->at("Removed").as_bool());
}

TEST_F(Actions, a_leftover_is_found_and_taken_away_and_a_live_one_is_not) {
  program("slurmctld", "exec sleep 1000");
  ASSERT_TRUE(act("local:slurmPrepare", {{"Configuration", configuration(1, 1)}}));
  auto started = run([&] {
    return supervisors->start(paths().process("slurmctld"), slurm::daemon_spec(settings, paths(), slurm::kController));
  });
  ASSERT_TRUE(started);
  EXPECT_TRUE(provider->leftovers({environment.id}).empty());
  const auto found = provider->leftovers({});
  ASSERT_THAT(found, testing::ElementsAre(paths().directory.native()));
  ASSERT_TRUE(run([&] { return provider->remove_leftover(found[0]); }));
  EXPECT_TRUE(processes().empty());
  EXPECT_FALSE(fs::exists(paths().directory));
  EXPECT_TRUE(provider->leftovers({}).empty());
  EXPECT_FALSE(run([&] { return provider->remove_leftover("/etc"); }));
}

TEST(Noise, is_told_from_news) {
  EXPECT_TRUE(
      slurm::is_noise("slurmctld: error: Could not open node state file /x/node_state: No such file or directory"));
  EXPECT_TRUE(slurm::is_noise("slurmctld: error: NOTE: Trying backup state save file."));
  EXPECT_FALSE(slurm::is_noise("slurmctld: error: Error writing job state file: No space left on device"));
  EXPECT_FALSE(slurm::is_noise("slurmctld: fatal: Unable to process configuration file"));
}

}  // namespace
}  // namespace slipway::provider::local
