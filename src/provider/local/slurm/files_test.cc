#include "provider/local/slurm/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::provider::local::slurm {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const Paths kPaths{.directory = "/e/0123456789ab", .sockets = "/tmp/sw-0123456789ab"};

Cluster cluster() {
  const Node st{.name = "q1-st-a-1",
                .queue = "q1",
                .instance_type = "c5.large",
                .is_static = true,
                .cpus = 2,
                .memory_mib = 3891,
                .port = 20001};
  Node dy = st;
  dy.name = "q1-dy-a-1";
  dy.is_static = false;
  dy.port = 20002;
  return {.name = "First",
          .head_type = "t3.micro",
          .queues = {"q1", "q2"},
          .nodes = {st, dy},
          .idle_time = std::chrono::seconds(600),
          .port = 20000,
          .network = {.host = "vm", .address = "127.0.0.1", .listen = Network::Listen::loopback}};
}

std::string text(const Cluster& of, const std::string& file) {
  return slurm_files(of, kPaths, "alice").at(file).text;
}

TEST(SlurmFiles, are_these) {
  std::vector<std::string> names;
  for (const auto& [name, content] : slurm_files(cluster(), kPaths, "alice")) {
    names.push_back(name + (content.executable ? " *" : ""));
  }
  EXPECT_THAT(names, ElementsAre("etc/common.conf", "etc/node/q1-dy-a-1.conf", "etc/node/q1-st-a-1.conf",
                                 "etc/prolog *", "etc/resume *", "etc/slurm.conf", "etc/suspend *"));
}

TEST(SlurmFiles, common_conf_is_exactly_what_was_found_to_work) {
  EXPECT_EQ(text(cluster(), "etc/common.conf"), R"(ClusterName=first
SlurmctldHost=vm(127.0.0.1)
SlurmctldPort=20000
SlurmUser=alice
SlurmdUser=alice
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=/e/0123456789ab/run/munge.socket,cred_expire=15
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmctldPidFile=/e/0123456789ab/run/slurmctld.pid
SlurmdPidFile=/e/0123456789ab/run/slurmd.%n.pid
StateSaveLocation=/e/0123456789ab/state
SlurmctldDebug=info
SlurmdDebug=info
SlurmctldLogFile=/e/0123456789ab/log/slurmctld.log
SlurmdLogFile=/e/0123456789ab/log/%n.log
LogTimeFormat=iso8601_ms
DebugFlags=NO_CONF_HASH
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sbatch_wait_nodes,batch_sched_delay=0,sched_interval=2
SlurmdParameters=config_overrides
PrivateData=cloud
ReturnToService=2
SlurmctldTimeout=120
SlurmdTimeout=60
MessageTimeout=10
KillWait=5
InactiveLimit=0
Waittime=0
SlurmctldParameters=idle_on_node_suspend,cloud_dns,power_save_interval=1,power_save_min_interval=0
ResumeProgram=/e/0123456789ab/etc/resume
SuspendProgram=/e/0123456789ab/etc/suspend
ResumeRate=0
SuspendRate=0
ResumeTimeout=60
SuspendTimeout=2
SuspendTime=600
PrologSlurmctld=/e/0123456789ab/etc/prolog
SuspendExcNodes=q1-st-a-1
NodeName=q1-st-a-1 NodeHostname=vm NodeAddr=127.0.0.1 Port=20001 CPUs=2 RealMemory=3891 State=UNKNOWN Weight=1
NodeName=q1-dy-a-1 NodeHostname=vm NodeAddr=127.0.0.1 Port=20002 CPUs=2 RealMemory=3891 State=CLOUD Weight=1000
PartitionName=q1 Nodes=q1-st-a-1,q1-dy-a-1 Default=YES MaxTime=INFINITE State=UP
PartitionName=q2 MaxTime=INFINITE State=UP
)");
}

TEST(SlurmFiles, leave_out_what_may_not_be_empty) {
  auto elastic = cluster();
  elastic.nodes.erase(elastic.nodes.begin());
  elastic.network.listen = Network::Listen::open;
  const auto conf = text(elastic, "etc/common.conf");
  EXPECT_THAT(conf, Not(HasSubstr("SuspendExcNodes")));
  EXPECT_THAT(conf, Not(HasSubstr("CommunicationParameters")));
}

TEST(SlurmFiles, give_each_slurmd_a_short_place_for_its_sockets) {
  EXPECT_EQ(text(cluster(), "etc/node/q1-dy-a-1.conf"),
            "Include /e/0123456789ab/etc/common.conf\nSlurmdSpoolDir=/tmp/sw-0123456789ab/1\n");
}

TEST(SlurmFiles, resume_and_suspend_only_touch_markers) {
  EXPECT_THAT(text(cluster(), "etc/resume"), HasSubstr("do : > '/e/0123456789ab/power/'\"$n\"; done"));
  EXPECT_THAT(text(cluster(), "etc/suspend"), HasSubstr("do rm -f '/e/0123456789ab/power/'\"$n\"; done"));
}

}  // namespace
}  // namespace slipway::provider::local::slurm
