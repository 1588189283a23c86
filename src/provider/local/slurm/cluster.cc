#include "provider/local/slurm/cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "base/text.h"

namespace slipway::provider::local::slurm {

namespace json = boost::json;

namespace {

base::Error refused(std::string code, std::string message, std::string field) {
  auto error = base::invalid(std::move(message), std::move(field));
  error.code = std::move(code);
  return error;
}

// The values below `object`, or an empty one. The surface has checked the form; what is missing here counts as empty.
const json::object& object_at(const json::object& object, std::string_view key) {
  static const json::object kNone;
  const auto* found = object.if_contains(key);
  return found && found->is_object() ? found->get_object() : kNone;
}

const json::array& array_at(const json::object& object, std::string_view key) {
  static const json::array kNone;
  const auto* found = object.if_contains(key);
  return found && found->is_array() ? found->get_array() : kNone;
}

std::string text_at(const json::object& object, std::string_view key) {
  const auto* found = object.if_contains(key);
  return found && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::int64_t integer_at(const json::object& object, std::string_view key, std::int64_t otherwise) {
  const auto* found = object.if_contains(key);
  return found && found->is_number() ? found->to_number<std::int64_t>() : otherwise;
}

// Longer than any cluster waits. Slurm counts idle time as 32-bit seconds.
constexpr std::chrono::minutes kNever = std::chrono::duration_cast<std::chrono::minutes>(std::chrono::years(1));

// A name becomes part of Slurm's configuration, of host lists and of file names, and an argument of commands. Slurm
// takes what is called default, in any case, for the defaults of all others.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 60 && text.front() != '-' && base::lower(text) != "default" &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
}

class Planner {
 public:
  Planner(const InstanceTypes& types, int max_nodes) : types_(types), max_nodes_(max_nodes) {}

  base::Result<Cluster> plan(std::string_view name, const json::object& configuration) {
    cluster_.name = std::string(name);
    cluster_.head_type = text_at(object_at(configuration, "HeadNode"), "InstanceType");
    TRY(type(cluster_.head_type, "HeadNode.InstanceType"));
    const auto& scheduling = object_at(configuration, "Scheduling");
    if (const auto scheduler = text_at(scheduling, "Scheduler"); scheduler != "slurm") {
      return refused("SchedulerNotSupported",
                     fmt::format("region local runs Slurm only, not {}; set the scheduler to slurm", scheduler),
                     "Scheduling.Scheduler");
    }
    const auto minutes = integer_at(object_at(scheduling, "SlurmSettings"), "ScaledownIdletime", 10);
    // -1: never. Slurm's own word for that would turn resuming off too.
    cluster_.idle_time =
        minutes < 0 || minutes > kNever.count() ? kNever : std::chrono::minutes(std::max<std::int64_t>(minutes, 1));
    const auto& queues = array_at(scheduling, "SlurmQueues");
    for (std::size_t i = 0; i < queues.size(); ++i) {
      if (queues[i].is_object()) TRY(queue(queues[i].get_object(), fmt::format("Scheduling.SlurmQueues[{}]", i)));
    }
    if (cluster_.nodes.empty()) {
      return refused("NoNodes", "the cluster has no compute node; give a compute resource a MaxCount of at least 1",
                     "Scheduling.SlurmQueues");
    }
    return std::move(cluster_);
  }

 private:
  base::Result<void> queue(const json::object& queue, const std::string& at) {
    const auto name = text_at(queue, "Name");
    if (!is_name(name)) return refused("BadName", fmt::format("{} is no queue name", name), at + ".Name");
    cluster_.queues.push_back(name);
    const auto& resources = array_at(queue, "ComputeResources");
    for (std::size_t i = 0; i < resources.size(); ++i) {
      if (!resources[i].is_object()) continue;
      TRY(resource(name, resources[i].get_object(), fmt::format("{}.ComputeResources[{}]", at, i)));
    }
    return {};
  }

  base::Result<void> resource(const std::string& queue, const json::object& resource, const std::string& at) {
    const auto name = text_at(resource, "Name");
    if (!is_name(name)) return refused("BadName", fmt::format("{} is no compute resource name", name), at + ".Name");
    Node node;
    node.queue = queue;
    node.instance_type = text_at(resource, "InstanceType");
    const auto& instances = array_at(resource, "Instances");
    for (std::size_t i = 0; i < instances.size(); ++i) {
      if (!instances[i].is_object()) continue;
      const auto each = text_at(instances[i].get_object(), "InstanceType");
      TRY(type(each, fmt::format("{}.Instances[{}].InstanceType", at, i)));
      if (node.instance_type.empty()) node.instance_type = each;
    }
    const auto facts = TRY(type(node.instance_type, at + ".InstanceType"));
    node.cpus = facts.vcpus;
    node.memory_mib = facts.memory_mib * 95 / 100;
    const auto most = integer_at(resource, "MaxCount", 10);
    const auto least = std::min(integer_at(resource, "MinCount", 0), most);
    node.is_static = true;
    TRY(add(node, fmt::format("{}-st-{}", queue, name), least, at));
    node.is_static = false;
    return add(node, fmt::format("{}-dy-{}", queue, name), most - least, at);
  }

  base::Result<void> add(Node node, const std::string& stem, std::int64_t count, const std::string& at) {
    if (count > max_nodes_ - std::ssize(cluster_.nodes)) {
      return refused("TooManyNodes",
                     fmt::format("the cluster has more than {} compute nodes; lower MaxCount, or raise the setting "
                                 "local.max_nodes",
                                 max_nodes_),
                     at + ".MaxCount");
    }
    for (std::int64_t i = 1; i <= count; ++i) {
      node.name = fmt::format("{}-{}", stem, i);
      if (!names_.insert(node.name).second) {
        return refused("BadName", fmt::format("two nodes would be called {}; rename a queue or resource", node.name),
                       at + ".Name");
      }
      cluster_.nodes.push_back(node);
    }
    return {};
  }

  base::Result<InstanceType> type(const std::string& name, std::string field) const {
    const auto found = types_.find(name);
    if (found != types_.end()) return found->second;
    // EC2's words, which ParallelCluster's clients are shown.
    return refused("UnknownInstanceType", fmt::format("The following supplied instance types do not exist: [{}]", name),
                   std::move(field));
  }

  const InstanceTypes& types_;
  int max_nodes_;
  Cluster cluster_;
  std::set<std::string> names_;
};

json::object node_to_object(const Node& node) {
  return {{"name", node.name},        {"queue", node.queue}, {"instance_type", node.instance_type},
          {"static", node.is_static}, {"cpus", node.cpus},   {"memory_mib", node.memory_mib},
          {"port", node.port}};
}

Node node_from(const json::object& object) {
  return {.name = text_at(object, "name"),
          .queue = text_at(object, "queue"),
          .instance_type = text_at(object, "instance_type"),
          .is_static = object.at("static").as_bool(),
          .cpus = object.at("cpus").to_number<int>(),
          .memory_mib = object.at("memory_mib").to_number<int>(),
          .port = object.at("port").to_number<std::uint16_t>()};
}

}  // namespace

base::Result<InstanceTypes> read_instance_types(const json::object& table) {
  InstanceTypes types;
  for (const auto& [name, value] : table) {
    const auto& facts = value.is_object() ? value.get_object() : json::object();
    const auto vcpus = integer_at(facts, "vcpus", 0), memory = integer_at(facts, "memory_mib", 0);
    if (vcpus < 1 || vcpus > 4096 || memory < 1 || memory > (1 << 30)) {
      return base::invalid(
          fmt::format("instance type {} needs vcpus and memory_mib, both at least 1", std::string_view(name)), name);
    }
    types[name] = {.vcpus = static_cast<int>(vcpus), .memory_mib = static_cast<int>(memory)};
  }
  return types;
}

std::vector<std::string> Cluster::static_nodes() const {
  std::vector<std::string> names;
  for (const auto& node : nodes) {
    if (node.is_static) names.push_back(node.name);
  }
  return names;
}

const Node* Cluster::find(std::string_view node) const {
  const auto found = std::ranges::find(nodes, node, &Node::name);
  return found == nodes.end() ? nullptr : &*found;
}

base::Result<Cluster> plan_cluster(std::string_view name, const json::object& configuration, const InstanceTypes& types,
                                   int max_nodes) {
  return Planner(types, max_nodes).plan(name, configuration);
}

std::size_t ports_needed(const Cluster& cluster) {
  return cluster.nodes.size() + 1;
}

void assign_ports(Cluster& cluster, const std::vector<std::uint16_t>& ports) {
  cluster.port = ports.at(0);
  for (std::size_t i = 0; i < cluster.nodes.size(); ++i) cluster.nodes[i].port = ports.at(i + 1);
}

std::string to_json(const Cluster& cluster) {
  json::array nodes;
  for (const auto& node : cluster.nodes) nodes.push_back(node_to_object(node));
  return json::serialize(json::object{{"name", cluster.name},
                                      {"head_type", cluster.head_type},
                                      {"queues", json::value_from(cluster.queues)},
                                      {"nodes", std::move(nodes)},
                                      {"idle_time_s", cluster.idle_time.count()},
                                      {"port", cluster.port},
                                      {"host", cluster.network.host},
                                      {"address", cluster.network.address},
                                      {"listen", static_cast<int>(cluster.network.listen)}});
}

base::Result<Cluster> parse_cluster(std::string_view text) {
  boost::system::error_code error;
  const auto value = json::parse(text, error);
  if (error || !value.is_object()) return base::internal("the cluster's record is no JSON object");
  try {
    const auto& object = value.get_object();
    Cluster cluster{.name = text_at(object, "name"),
                    .head_type = text_at(object, "head_type"),
                    .queues = json::value_to<std::vector<std::string>>(object.at("queues")),
                    .nodes = {},
                    .idle_time = std::chrono::seconds(object.at("idle_time_s").to_number<std::int64_t>()),
                    .port = object.at("port").to_number<std::uint16_t>(),
                    .network = {.host = text_at(object, "host"),
                                .address = text_at(object, "address"),
                                .listen = static_cast<Network::Listen>(object.at("listen").to_number<int>())}};
    for (const auto& node : object.at("nodes").as_array()) cluster.nodes.push_back(node_from(node.as_object()));
    if (cluster.network.listen < Network::Listen{} || cluster.network.listen > Network::Listen::open) {
      return base::internal("the cluster's record says no place to listen");
    }
    return cluster;
  } catch (const std::exception&) {
    return base::internal("the cluster's record lacks a member");
  }
}

}  // namespace slipway::provider::local::slurm
