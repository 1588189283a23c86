#include "surface/parallelcluster/bodies.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "surface/parallelcluster/status.h"

namespace slipway::surface::parallelcluster {

namespace {

constexpr std::size_t kDescriptionMembers = 14;

using boost::json::array;
using boost::json::object;
using boost::json::storage_ptr;

// A name in the form of a stack's ARN; the account is nobody's.
std::string stack_arn(const broker::Environment& environment) {
  std::string_view uuid = environment.id.str();
  if (uuid.starts_with("env-")) uuid.remove_prefix(4);
  return fmt::format("arn:aws:cloudformation:{}:000000000000:stack/{}/{}", environment.region, environment.name, uuid);
}

object scheduler(const storage_ptr& memory = {}) {
  return object({{"type", "slurm"}}, memory);
}

object ec2_instance(const broker::Instance& instance, const storage_ptr& memory = {}) {
  object body({{"instanceId", instance.id},
               {"instanceType", instance.type},
               {"launchTime", base::iso8601(instance.launched_at)},
               {"privateIpAddress", instance.private_address}},
              memory);
  if (!instance.public_address.empty()) body["publicIpAddress"] = instance.public_address;
  body["state"] = instance.state;
  return body;
}

array tags(const broker::Environment& environment, const Described& described, const storage_ptr& memory) {
  array tags(memory);
  tags.reserve(environment.tags.size() + 2 + described.provider_tags.size());
  const auto add = [&](std::string_view key, std::string_view value) {
    tags.push_back(object({{"key", key}, {"value", value}}, memory));
  };
  for (const auto& [key, value] : environment.tags) add(key, value);
  add("parallelcluster:cluster-name", environment.name);
  add("parallelcluster:version", kVersion);
  for (const auto& [key, value] : described.provider_tags) add(key, value);
  return tags;
}

std::optional<object> failure(const broker::Environment& environment) {
  if (environment.status != broker::Status::failed) return std::nullopt;
  const auto known = environment.failure.value_or(broker::Failure{});
  return object{{"failureCode", known.code.empty() ? "ClusterCreationFailure" : known.code},
                {"failureReason", known.reason.empty() ? "Failed to create the cluster." : known.reason}};
}

}  // namespace

bool is_listed(const broker::Instance& instance) {
  return instance.state == "pending" || instance.state == "running" || instance.state == "stopping" ||
         instance.state == "stopped";
}

object cluster_summary(const broker::Environment& environment, std::string_view stack_status) {
  return {{"cloudformationStackArn", stack_arn(environment)},
          {"cloudformationStackStatus", stack_status},
          {"clusterName", environment.name},
          {"clusterStatus", cluster_status(stack_status)},
          {"region", environment.region},
          {"scheduler", scheduler()},
          {"version", kVersion}};
}

object cluster_description(const broker::Environment& environment, const Described& described,
                           const storage_ptr& memory) {
  const auto stack = stack_status(environment);
  const auto created = base::iso8601(environment.created_at);
  // Mind the two spellings: a capital F in this answer's status alone.
  const auto fleet = fleet_is_readable(stack) ? described.fleet : broker::FleetStatus::unknown;
  object body({{"cloudFormationStackStatus", stack},
               {"cloudformationStackArn", stack_arn(environment)},
               {"clusterConfiguration", object({{"url", described.configuration_url}}, memory)},
               {"clusterName", environment.name},
               {"clusterStatus", cluster_status(stack)},
               {"computeFleetStatus", to_string(fleet)},
               {"creationTime", created}},
              kDescriptionMembers, memory);
  if (auto found = failure(environment)) body["failures"] = array{std::move(*found)};
  const auto is_head = [](const broker::Instance& instance) {
    return instance.role == "HeadNode" && is_listed(instance);
  };
  const auto head = std::ranges::find_if(described.instances, is_head);
  if (head != described.instances.end()) body["headNode"] = ec2_instance(*head, memory);
  // A stack that was never updated shows the time it was made.
  body["lastUpdatedTime"] = created;
  body["region"] = environment.region;
  body["scheduler"] = scheduler(memory);
  body["tags"] = tags(environment, described, memory);
  body["version"] = kVersion;
  return body;
}

object cluster_instance(const broker::Instance& instance) {
  auto from = ec2_instance(instance);
  object body{{"instanceId", from["instanceId"]},
              {"instanceType", from["instanceType"]},
              {"launchTime", from["launchTime"]},
              {"nodeType", instance.role},
              {"privateIpAddress", from["privateIpAddress"]}};
  if (!instance.public_address.empty()) body["publicIpAddress"] = instance.public_address;
  if (!instance.queue.empty()) body["queueName"] = instance.queue;
  body["state"] = instance.state;
  return body;
}

}  // namespace slipway::surface::parallelcluster
