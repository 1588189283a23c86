#include "provider/local/slurm/files.h"

#include <fmt/format.h>

#include "base/text.h"

namespace slipway::provider::local::slurm {

namespace {

std::string_view communication_parameters(Network::Listen listen) {
  switch (listen) {
    case Network::Listen::loopback:
      return "CommunicationParameters=NoInAddrAny,NoCtldInAddrAny\n";
    case Network::Listen::controller:
      return "CommunicationParameters=NoCtldInAddrAny\n";
    case Network::Listen::open:
      return "";
  }
}

// Each daemon gets SlurmdSpoolDir from its own file, which would make their hashes differ: NO_CONF_HASH.
// cred_expire is also how long a requeued job waits. PrivateData=cloud shows nodes that are powered down.
// SuspendTimeout, power_save_interval and the scheduler's three parameters bound how long an elastic node takes.
// SlurmdTimeout is long because the broker notices a dead slurmd itself, and an overloaded host must not lose nodes.
constexpr std::string_view kCommon = R"(ClusterName={name}
SlurmctldHost={host}({address})
SlurmctldPort={port}
SlurmUser={account}
SlurmdUser={account}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={dir}/run/munge.socket,cred_expire=15
{communication}SlurmctldPidFile={dir}/run/slurmctld.pid
SlurmdPidFile={dir}/run/slurmd.%n.pid
StateSaveLocation={dir}/state
SlurmctldDebug=info
SlurmdDebug=info
SlurmctldLogFile={dir}/log/slurmctld.log
SlurmdLogFile={dir}/log/%n.log
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
ResumeProgram={dir}/etc/resume
SuspendProgram={dir}/etc/suspend
ResumeRate=0
SuspendRate=0
ResumeTimeout={resume_timeout}
SuspendTimeout=2
SuspendTime={idle_time}
PrologSlurmctld={dir}/etc/prolog
)";

std::string node_line(const Node& node, const Network& network) {
  return fmt::format("NodeName={} NodeHostname={} NodeAddr={} Port={} CPUs={} RealMemory={} State={} Weight={}\n",
                     node.name, network.host, network.address, node.port, node.cpus, node.memory_mib,
                     node.is_static ? "UNKNOWN" : "CLOUD", node.is_static ? 1 : 1000);
}

std::string partition_line(const Cluster& cluster, const std::string& queue) {
  std::vector<std::string> nodes;
  for (const auto& node : cluster.nodes) {
    if (node.queue == queue) nodes.push_back(node.name);
  }
  // An empty value is a syntax error.
  const auto members = nodes.empty() ? std::string() : " Nodes=" + base::join(nodes, ",");
  const auto* fallback = queue == cluster.queues.front() ? " Default=YES" : "";
  return fmt::format("PartitionName={}{}{} MaxTime=INFINITE State=UP\n", queue, members, fallback);
}

std::string common_conf(const Cluster& cluster, const Paths& paths, std::string_view account) {
  using namespace fmt::literals;
  const auto& network = cluster.network;
  auto text =
      fmt::format(fmt::runtime(kCommon), "name"_a = base::lower(cluster.name), "host"_a = network.host,
                  "address"_a = network.address, "port"_a = cluster.port, "account"_a = account,
                  "dir"_a = paths.directory.native(), "communication"_a = communication_parameters(network.listen),
                  "resume_timeout"_a = kResumeTimeout.count(), "idle_time"_a = cluster.idle_time.count());
  const auto stay = cluster.static_nodes();
  if (!stay.empty()) text += fmt::format("SuspendExcNodes={}\n", base::join(stay, ","));
  for (const auto& node : cluster.nodes) text += node_line(node, network);
  for (const auto& queue : cluster.queues) text += partition_line(cluster, queue);
  return text;
}

// Slurm runs it with an empty environment, its own signal mask and closed streams: nothing but files is touched here,
// and the broker, which watches them, starts and stops the nodes.
std::string power_script(const Paths& paths, std::string_view command) {
  return fmt::format(R"(#!/bin/sh
exec </dev/null >>'{0}/log/power.log' 2>&1
PATH=/usr/local/bin:/usr/bin:/bin; export PATH
for n in $(scontrol show hostnames "$1"); do {1} '{0}/power/'"$n"; done
)",
                     paths.directory.native(), command);
}

// Slurm looks at a batch job that waits for elastic nodes only every 30 s. A job with a prolog is looked at when the
// prolog ends: this one ends when the job's nodes have registered. Always exits 0, or the job would be held.
constexpr std::string_view kProlog = R"(#!/bin/sh
case $SLURM_JOB_NODELIST in *-dy-*) ;; *) exit 0 ;; esac
PATH=/usr/local/bin:/usr/bin:/bin SLURM_CONF='{dir}/etc/slurm.conf'; export PATH SLURM_CONF
exec </dev/null >/dev/null 2>&1
nodes=$(scontrol show hostnames "$SLURM_JOB_NODELIST") || exit 0
n=0 slept=0                       # slept: tenths of a second
while [ $slept -lt {limit} ]; do
  ready=1
  for x in $nodes; do
    case $x in *-dy-*) [ -e '{dir}/power/'"$x" ] || {{ ready=0; break; }} ;; esac
  done
  if [ $ready = 1 ]; then
    s=$(sinfo -h -N -n "$SLURM_JOB_NODELIST" -o %T) && case $s in
      *down*|*fail*|*inval*) exit 0 ;;   # a node failed: slurmctld requeues the job
      *[~#%!@^*?]*|*unk*) ;;             # still powering
      ?*) exit 0 ;;
    esac
  fi
  n=$((n+1))
  if [ $((n%10)) = 0 ]; then             # requeued or gone meanwhile?
    j=$(squeue -h -j "$SLURM_JOB_ID" -o %T) && case $j in CONFIGURING) ;; *) exit 0 ;; esac
  fi
  if [ $n -lt 50 ]; then sleep 0.1; slept=$((slept+1))
  else sleep 0.5; slept=$((slept+5)); fi
done
exit 0
)";

std::string conf(const Paths& paths, const std::string& spool) {
  return fmt::format("Include {}/etc/common.conf\nSlurmdSpoolDir={}\n", paths.directory.native(), spool);
}

}  // namespace

std::map<std::string, TextFile> slurm_files(const Cluster& cluster, const Paths& paths, std::string_view account) {
  using namespace fmt::literals;
  const auto wait = kResumeTimeout + std::chrono::seconds(15);
  std::map<std::string, TextFile> files = {
      {"etc/common.conf", {.text = common_conf(cluster, paths, account)}},
      {"etc/slurm.conf", {.text = conf(paths, paths.directory.native() + "/spool/%n")}},
      {"etc/resume", {.text = power_script(paths, ": >"), .executable = true}},
      {"etc/suspend", {.text = power_script(paths, "rm -f"), .executable = true}},
      {"etc/prolog",
       {.text = fmt::format(fmt::runtime(kProlog), "dir"_a = paths.directory.native(), "limit"_a = 10 * wait.count()),
        .executable = true}},
  };
  for (std::size_t i = 0; i < cluster.nodes.size(); ++i) {
    const auto spool = (paths.sockets / std::to_string(i)).native();
    files["etc/node/" + cluster.nodes[i].name + ".conf"] = {.text = conf(paths, spool)};
  }
  return files;
}

}  // namespace slipway::provider::local::slurm
