#include "surface/parallelcluster/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <charconv>

#include "base/text.h"

namespace slipway::surface::parallelcluster {

namespace {

using base::YamlNode;

constexpr std::size_t kExcerptSide = 36;  // of the text before and behind the place of an error
constexpr std::size_t kExcerptKept = 32;  // where more than that is cut
constexpr long long kDefaultMinCount = 0;
constexpr long long kDefaultMaxCount = 10;
constexpr long long kDefaultScaledownMinutes = 10;

// True where Python's configparser would read the text: nothing but blanks and comments, or a [section] with its
// options. The reference then takes it for a configuration of ParallelCluster 2.
bool is_ini(std::string_view text) {
  bool in_section = false;
  for (auto line : base::split(text, '\n')) {
    const auto content = base::trim(line);
    if (content.empty() || content[0] == '#' || content[0] == ';') continue;
    const bool header = content[0] == '[' && content.find(']', 2) != std::string_view::npos;
    if (!in_section && !header) return false;
    const bool continuation = line[0] == ' ' || line[0] == '\t';
    if (!header && !continuation && content.find_first_of("=:") == std::string_view::npos) return false;
    in_section = true;
  }
  return true;
}

// The loader's message is "line L, column C: what"; the reference's has the place behind the words, and the line.
std::string worded(std::string_view message, std::string_view text) {
  const auto colon = message.find(": ");
  int line = 0;
  int column = 0;
  const auto place = message.substr(0, colon);
  const auto comma = place.find(", column ");
  if (colon == std::string_view::npos || comma == std::string_view::npos) return std::string(message);
  std::from_chars(place.data() + std::string_view("line ").size(), place.data() + comma, line);
  std::from_chars(place.data() + comma + std::string_view(", column ").size(), place.data() + place.size(), column);
  const auto lines = base::split(text, '\n');
  auto out = fmt::format("{}\n in \"<unicode string>\", line {}, column {}", message.substr(colon + 2), line, column);
  if (line < 1 || line > std::ssize(lines) || column < 1) return out;
  auto excerpt = lines[static_cast<std::size_t>(line) - 1];
  if (excerpt.ends_with('\r')) excerpt.remove_suffix(1);
  // Of a long line what PyYAML shows.
  const auto at = std::min(static_cast<std::size_t>(column) - 1, excerpt.size());
  const bool head = at > kExcerptSide, tail = excerpt.size() - at > kExcerptSide;
  const auto begin = head ? at - kExcerptKept : 0;
  const auto end = tail ? at + kExcerptKept : excerpt.size();
  const std::string_view before = head ? " ... " : "", after = tail ? " ... " : "";
  return fmt::format("{}:\n    {}{}{}\n    {:>{}}", out, before, base::printable(excerpt.substr(begin, end - begin)),
                     after, '^', at - begin + before.size() + 1);
}

long long integer(const YamlNode& node, std::string_view name, long long otherwise) {
  const auto* found = node.find(name);
  if (found == nullptr) return otherwise;
  const auto text = base::trim(found->text);
  std::from_chars(text.data(), text.data() + text.size(), otherwise);
  return otherwise;
}

ComputeResource read_compute_resource(const YamlNode& node) {
  ComputeResource resource;
  resource.name = node.find("Name")->text;
  if (const auto* type = node.find("InstanceType")) resource.instance_types.push_back(type->text);
  if (const auto* instances = node.find("Instances")) {
    for (const auto& instance : instances->items)
      resource.instance_types.push_back(instance.find("InstanceType")->text);
  }
  resource.min_count = integer(node, "MinCount", kDefaultMinCount);
  resource.max_count = integer(node, "MaxCount", kDefaultMaxCount);
  return resource;
}

std::vector<Queue> read_queues(const YamlNode& scheduling) {
  std::vector<Queue> queues;
  const auto* nodes = scheduling.find("SlurmQueues");
  if (nodes == nullptr) return queues;
  for (const auto& node : nodes->items) {
    Queue queue{.name = node.find("Name")->text, .compute_resources = {}};
    for (const auto& resource : node.find("ComputeResources")->items) {
      queue.compute_resources.push_back(read_compute_resource(resource));
    }
    queues.push_back(std::move(queue));
  }
  return queues;
}

// The document with the defaults of what read_configuration read; the order of the queues is that of the document.
boost::json::object effective_document(const YamlNode& document, const std::vector<Queue>& queues) {
  auto effective = document.to_json().as_object();
  auto& scheduling = effective["Scheduling"].as_object();
  if (scheduling["Scheduler"].as_string() != "slurm") return effective;
  const auto* settings = document.find("Scheduling")->find("SlurmSettings");
  const auto idle = settings != nullptr ? integer(*settings, "ScaledownIdletime", kDefaultScaledownMinutes)
                                        : kDefaultScaledownMinutes;
  if (settings == nullptr) scheduling["SlurmSettings"] = boost::json::object();
  scheduling["SlurmSettings"].as_object()["ScaledownIdletime"] = idle;
  auto& queue_values = scheduling["SlurmQueues"].as_array();
  for (std::size_t q = 0; q < queues.size(); ++q) {
    auto& resources = queue_values[q].as_object()["ComputeResources"].as_array();
    for (std::size_t r = 0; r < queues[q].compute_resources.size(); ++r) {
      resources[r].as_object()["MinCount"] = queues[q].compute_resources[r].min_count;
      resources[r].as_object()["MaxCount"] = queues[q].compute_resources[r].max_count;
    }
  }
  return effective;
}

}  // namespace

base::Result<YamlNode> parse_configuration(std::string_view text) {
  if (text.empty()) return base::invalid("configuration is required and cannot be empty");
  if (is_ini(text)) {
    return base::invalid(
        "ParallelCluster 3 requires configuration files to be valid YAML documents. To create a basic cluster "
        "configuration, you can run the `pcluster configure` command. To convert from ParallelCluster 2 configuration "
        "files, please run `pcluster3-config-converter --config-file <input_file> --output-file <output_file>`.");
  }
  constexpr std::string_view kPrefix = "Configuration must be a valid YAML document. ";
  base::YamlOptions options;
  options.yaml_1_1 = true;
  auto document = base::parse_yaml(text, options);
  if (!document) return base::invalid(fmt::format("{}{}", kPrefix, worded(document.error().message, text)));
  if (!document->is_mapping()) return base::invalid(fmt::format("{}Parsed config is not a dict", kPrefix));
  return document;
}

std::optional<std::string> configuration_region(const YamlNode& document) {
  const auto* region = document.find("Region");
  if (region == nullptr || !region->is_scalar() || region->text.empty()) return std::nullopt;
  return region->text;
}

Configuration read_configuration(const YamlNode& document) {
  Configuration configuration;
  const auto& scheduling = *document.find("Scheduling");
  configuration.scheduler = scheduling.find("Scheduler")->text;
  configuration.queues = read_queues(scheduling);
  if (const auto* tags = document.find("Tags")) {
    for (const auto& tag : tags->items) configuration.tags[tag.find("Key")->text] = tag.find("Value")->text;
  }
  configuration.effective = effective_document(document, configuration.queues);
  return configuration;
}

}  // namespace slipway::surface::parallelcluster
