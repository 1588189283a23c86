#pragma once
// Whole small files: configurations, credentials, endpoints, parameters. Blocking.

#include <filesystem>
#include <string>

#include "base/result.h"
#include "base/yaml.h"

namespace slipway::cli {

// At most 4 MiB. Errors: not_found, forbidden (with the owner's name), invalid (a folder, too large), internal.
base::Result<std::string> read_text_file(const std::filesystem::path& path);
// As YAML (or JSON). Errors: the same; invalid, "FILE: line L, column C: what".
base::Result<base::YamlNode> read_yaml_file(const std::filesystem::path& path);

}  // namespace slipway::cli
