#include "surface/parallelcluster/validators.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace slipway::surface::parallelcluster {

namespace {

constexpr std::size_t kLongestClusterName = 60;
constexpr std::size_t kLongestName = 25;
constexpr std::size_t kMostQueues = 50;
constexpr std::size_t kMostComputeResources = 50;  // of a queue, and of the cluster

// Collects results of the validators that run.
class Results {
 public:
  explicit Results(const Suppressed& suppressed) : suppressed_(suppressed) {}

  void error(std::string type, std::string message) {
    const auto is = [&](const std::string& entry) { return entry == "ALL" || entry == "type:" + type; };
    if (std::ranges::any_of(suppressed_, is)) return;
    messages_.push_back({.type = std::move(type), .level = Level::error, .message = std::move(message)});
  }
  std::vector<ValidationMessage> take() { return std::move(messages_); }

 private:
  const Suppressed& suppressed_;
  std::vector<ValidationMessage> messages_;
};

void check_cluster_name(std::string_view name, Results& results) {
  if (name.size() <= kLongestClusterName) return;  // its characters were checked with the request
  results.error("ClusterNameValidator",
                fmt::format("Error: The cluster name can contain only alphanumeric characters (case-sensitive) and "
                            "hyphens. It must start with an alphabetic character and can't be longer than {} "
                            "characters.",
                            kLongestClusterName));
}

bool is_name(std::string_view name) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

void check_name(std::string_view name, Results& results) {
  if (!is_name(name)) {
    results.error("NameValidator",
                  fmt::format("Invalid name '{}'. Name must begin with a letter and only contain lowercase letters, "
                              "digits and hyphens.",
                              name));
  }
  if (name.size() > kLongestName) {
    results.error("NameValidator",
                  fmt::format("Invalid name '{}'. Name can be at most {} chars long.", name, kLongestName));
  }
  if (name == "default") results.error("NameValidator", "It is forbidden to use 'default' as a name.");
}

// One result for each name that came before.
template <class Items>
void check_unique(std::string_view what, const Items& items, Results& results) {
  std::set<std::string_view> seen;
  for (const auto& item : items) {
    if (seen.insert(item.name).second) continue;
    results.error("DuplicateNameValidator", fmt::format("{} name {} must be unique.", what, item.name));
  }
}

void check_count(std::string_view what, std::size_t count, std::size_t most, Results& results) {
  if (count <= most) return;
  results.error(
      "MaxCountValidator",
      fmt::format("Invalid number of {0} ({1}) specified. Currently only supports up to {2} {0}.", what, count, most));
}

void check_queue(const Queue& queue, Results& results) {
  check_name(queue.name, results);
  check_unique("Compute resource", queue.compute_resources, results);
  check_count("ComputeResources per Queue", queue.compute_resources.size(), kMostComputeResources, results);
  for (const auto& resource : queue.compute_resources) {
    check_name(resource.name, results);
    if (resource.max_count < resource.min_count) {
      results.error("ComputeResourceSizeValidator", "Max count must be greater than or equal to min count.");
    }
  }
}

}  // namespace

std::string_view to_string(Level level) {
  switch (level) {
    case Level::info:
      return "INFO";
    case Level::warning:
      return "WARNING";
    case Level::error:
      return "ERROR";
  }
}

Level level_from(std::string_view text) {
  if (text == "INFO") return Level::info;
  if (text == "WARNING") return Level::warning;
  if (text == "ERROR") return Level::error;
  throw std::logic_error("a validation level that the request check let pass");
}

std::vector<ValidationMessage> validate(std::string_view cluster_name, const Configuration& configuration,
                                        const Suppressed& suppressed) {
  Results results(suppressed);
  check_cluster_name(cluster_name, results);
  std::size_t compute_resources = 0;
  for (const auto& queue : configuration.queues) {
    check_queue(queue, results);
    compute_resources += queue.compute_resources.size();
  }
  check_unique("Queue", configuration.queues, results);
  check_count("SlurmQueues", configuration.queues.size(), kMostQueues, results);
  check_count("ComputeResources per Cluster", compute_resources, kMostComputeResources, results);
  return results.take();
}

}  // namespace slipway::surface::parallelcluster
