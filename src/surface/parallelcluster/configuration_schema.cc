// The schema of a cluster configuration: the parts that a launch on `local` uses. What is not listed is accepted.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "surface/parallelcluster/configuration.h"

namespace slipway::surface::parallelcluster {

namespace {

using base::YamlNode;
using enum FieldKind;

bool is_subnet(std::string_view text) {
  constexpr std::string_view kPrefix = "subnet-";
  if (!text.starts_with(kPrefix)) return false;
  text.remove_prefix(kPrefix.size());
  return (text.size() == 8 || text.size() == 17) &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); });
}

bool has_items(const YamlNode& node, std::string_view name) {
  const auto* value = node.find(name);
  return value != nullptr && !value->items.empty();
}

std::string tags_rule(const YamlNode& tags) {
  std::set<std::string> keys;
  for (const auto& tag : tags.items) {
    const auto& key = tag.find("Key")->text;
    if (key.starts_with("parallelcluster:") && key != "parallelcluster:custom_resource") {
      return "The tag key prefix 'parallelcluster:' is reserved and cannot be used.";
    }
    // They say where a cluster is: whoever uses it with the command line follows them.
    if (key.starts_with("slipway:")) return "The tag key prefix 'slipway:' is reserved and cannot be used.";
    if (!keys.insert(key).second) {
      return fmt::format("Duplicate tag key ({}) detected. Tags keys should be unique within the Tags section.", key);
    }
  }
  return {};
}

std::string compute_resource_rule(const YamlNode& resource) {
  const bool instances = has_items(resource, "Instances");
  const bool type = resource.find("InstanceType") != nullptr;
  const auto* target = resource.find("CapacityReservationTarget");
  const bool reservation = target != nullptr && target->find("CapacityReservationId") != nullptr;
  if (instances && type) return "A Compute Resource needs to specify either InstanceType or Instances.";
  if (!instances && !type && !reservation) {
    return "A Compute Resource needs to specify Instances, InstanceType or CapacityReservationId.";
  }
  return {};
}

std::string scheduling_rule(const YamlNode& scheduling) {
  const auto& scheduler = scheduling.find("Scheduler")->text;
  const bool slurm = scheduler == "slurm";
  const auto* own = slurm ? "SlurmQueues" : "AwsBatchQueues";
  const auto* other = slurm ? "AwsBatchQueues" : "SlurmQueues";
  if (scheduling.find(slurm ? "AwsBatchSettings" : "SlurmSettings") != nullptr) {
    return fmt::format("Scheduling > *Settings section is not appropriate to the Scheduler: {}.", scheduler);
  }
  if (scheduling.find(other) != nullptr) {
    return fmt::format("Scheduling > *Queues section is not appropriate to the Scheduler: {}.", scheduler);
  }
  if (!has_items(scheduling, own)) return fmt::format("{} section must be specified in the Scheduling section.", own);
  return {};
}

const Section kTag{{{.name = "Key", .kind = text, .required = true, .longest = 128},
                    {.name = "Value", .kind = text, .required = true, .longest = 256}}};

const Section kImage{
    {{.name = "Os",
      .kind = text,
      .required = true,
      .one_of = {"alinux2", "alinux2023", "ubuntu2004", "ubuntu2204", "rhel8", "rocky8", "rhel9", "rocky9"}}}};

const Section kHeadNodeNetworking{{{.name = "SubnetId", .kind = text, .required = true, .matches = is_subnet}}};

const Section kHeadNode{{{.name = "InstanceType", .kind = text, .required = true},
                         {.name = "Networking", .kind = section, .required = true, .section = &kHeadNodeNetworking}}};

const Section kInstance{{{.name = "InstanceType", .kind = text, .required = true}}};

const Section kComputeResource{{{.name = "Name", .kind = text, .required = true},
                                {.name = "InstanceType", .kind = text},
                                {.name = "Instances", .kind = sections, .section = &kInstance},
                                {.name = "MinCount", .kind = integer, .minimum = 0},
                                {.name = "MaxCount", .kind = integer, .minimum = 1}},
                               compute_resource_rule};

const Section kQueueNetworking{{{.name = "SubnetIds", .kind = texts, .required = true, .matches = is_subnet}}};

// The reference answers a queue without ComputeResources with the text of a Python TypeError (contract, 11.6).
const Section kQueue{{{.name = "Name", .kind = text, .required = true},
                      {.name = "Networking", .kind = section, .required = true, .section = &kQueueNetworking},
                      {.name = "ComputeResources",
                       .kind = sections,
                       .required = true,
                       .section = &kComputeResource,
                       .shortest_list = 1}}};

const Section kSlurmSettings{{{.name = "ScaledownIdletime", .kind = integer, .minimum = -1}}};

const Section kScheduling{{{.name = "Scheduler", .kind = text, .required = true, .one_of = {"slurm", "awsbatch"}},
                           {.name = "SlurmSettings", .kind = section, .section = &kSlurmSettings},
                           {.name = "SlurmQueues", .kind = sections, .section = &kQueue}},
                          scheduling_rule};

const Section kCluster{{{.name = "Region", .kind = text},
                        {.name = "Image", .kind = section, .required = true, .section = &kImage},
                        {.name = "Tags", .kind = sections, .section = &kTag, .list_rule = tags_rule},
                        {.name = "HeadNode", .kind = section, .required = true, .section = &kHeadNode},
                        {.name = "Scheduling", .kind = section, .required = true, .section = &kScheduling}}};

}  // namespace

Problems check_configuration(const YamlNode& document) {
  return check_section(document, kCluster);
}

}  // namespace slipway::surface::parallelcluster
