#pragma once
// Reads a cluster configuration (contract, section 5.1): the document's text, its schema, and the parts that a launch
// needs. Used by create_cluster.cc and validators.cc. Knows no provider: whether a place can run it is asked elsewhere.

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "surface/parallelcluster/schema.h"

namespace slipway::surface::parallelcluster {

struct ComputeResource {
  std::string name;
  std::vector<std::string> instance_types;  // one, or those of Instances; empty where a reservation implies the type
  long long min_count = 0;
  long long max_count = 10;
};

struct Queue {
  std::string name;
  std::vector<ComputeResource> compute_resources;
};

struct Configuration {
  std::string scheduler;                    // slurm, awsbatch
  std::vector<Queue> queues;                // of slurm
  std::map<std::string, std::string> tags;  // the cluster's own
  // The document as JSON with the defaults of the parts above filled in: what the broker gets.
  boost::json::object effective;
};

// Parses the text. Errors: invalid, in the reference's words (3.4) without its prefix: empty, an INI file, no YAML
// (with line, column and the line itself), not a mapping, a duplicate key.
base::Result<base::YamlNode> parse_configuration(std::string_view text);

// `Region` of a parsed document, where it is there.
std::optional<std::string> configuration_region(const base::YamlNode& document);

// Problems of the document against the schema, empty where it is in order.
Problems check_configuration(const base::YamlNode& document);

// Reads a document that check_configuration found in order.
Configuration read_configuration(const base::YamlNode& document);

}  // namespace slipway::surface::parallelcluster
