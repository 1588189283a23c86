#include "provider/local/slurm/instances.h"

#include "base/ids.h"
#include "provider/local/slurm/folder.h"

namespace slipway::provider::local::slurm {

using process::State;

namespace {

std::string instance_id(const base::EnvironmentId& id, const std::string& daemon, const std::string& run_id) {
  return "i-" + base::sha256_hex(id.str() + "/" + daemon + "/" + run_id).substr(0, 17);
}

broker::Instance instance(const base::EnvironmentId& id, const Cluster& cluster, const std::string& daemon,
                          const DaemonReport& report) {
  broker::Instance instance;
  instance.id = instance_id(id, daemon, report.status.run_id);
  instance.state = report.status.state == State::running ? "running" : "pending";
  instance.private_address = cluster.network.address;
  instance.launched_at = report.status.started_at;
  instance.problem = report.problem;
  return instance;
}

bool is_listed(const process::Status& status) {
  return status.state == State::running || status.state == State::starting;
}

// Its own, or else that of one that has no instance to show it: munged, or a node that does not run.
std::string head_problem(const DaemonReports& reports, const std::string& own) {
  if (!own.empty()) return own;
  for (const auto& [daemon, report] : reports) {
    if (!report.problem.empty() && (daemon == kMunged || !is_listed(report.status))) return report.problem;
  }
  return {};
}

}  // namespace

std::vector<broker::Instance> instances_of(const base::EnvironmentId& id, const Cluster& cluster,
                                           const DaemonReports& reports) {
  std::vector<broker::Instance> all;
  const auto head = reports.find(kController);
  // One that crashed is about to be started again, and is still the head node.
  if (head != reports.end() && !head->second.status.run_id.empty()) {
    auto& added = all.emplace_back(instance(id, cluster, head->first, head->second));
    added.type = cluster.head_type;
    added.role = "HeadNode";
    added.problem = head_problem(reports, added.problem);
  }
  for (const auto& node : cluster.nodes) {
    const auto found = reports.find(node.name);
    if (found == reports.end() || !is_listed(found->second.status)) continue;
    auto& added = all.emplace_back(instance(id, cluster, node.name, found->second));
    added.type = node.instance_type;
    added.role = "ComputeNode";
    added.queue = node.queue;
    added.node = node.name;
  }
  return all;
}

std::vector<broker::Instance> look_at_instances(const Machine& machine, const base::EnvironmentId& id) {
  const auto paths = Paths::of(machine.settings, id);
  const auto cluster = read_record(paths, machine.account);
  if (!cluster || !*cluster) return {};
  DaemonReports reports;
  const auto look = [&](const std::string& daemon) {
    reports[daemon].status = machine.supervisors.status(paths.process(daemon));
  };
  look(std::string(kController));
  for (const auto& node : (*cluster)->nodes) look(node.name);
  // Nobody starts it again.
  if (reports[std::string(kController)].status.state != State::running) reports.erase(std::string(kController));
  return instances_of(id, **cluster, reports);
}

broker::Instance lost_head(const base::EnvironmentId& id) {
  broker::Instance head;
  head.id = instance_id(id, std::string(kController), "");
  head.state = "terminated";
  head.role = "HeadNode";
  return head;
}

}  // namespace slipway::provider::local::slurm
