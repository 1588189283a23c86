#pragma once
// What `slipway types test` needs to know of a type, from its type.yaml. Whether the folder is right is for the broker
// to say, which the test starts with it.

#include <boost/json/object.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::tool {

struct TestedType {
  std::string name;
  std::string configuration;        // what is launched: test.configuration; empty where it names none
  boost::json::object parameters;   // and test.parameters
  std::string keeps;                // test.keeps: a file in the environment's folder that outlives a stop; may be empty
  bool stops = false;               // it has documents for stop and start
  bool connects = false;            // and for connect
  std::vector<std::string> keys{};  // that connect must give
};

// Blocks. Errors: not_found (no such type in the folder), invalid (type.yaml cannot be read).
base::Result<TestedType> read_tested_type(const std::filesystem::path& types_dir, const std::string& name);

}  // namespace slipway::tool
