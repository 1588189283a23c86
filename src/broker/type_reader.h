#pragma once
// Reads one type folder and notes everything that is wrong in it. Used by types.cc alone.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "broker/types.h"

namespace slipway::broker {

// What is wrong in the folders, a line each: "types/x/type.yaml:3:5: what".
class TypeProblems {
 public:
  void add(const std::filesystem::path& file, base::YamlMark mark, std::string_view what);
  // A line that says its place itself.
  void add_line(std::string line) { lines_.push_back(std::move(line)); }
  bool empty() const { return lines_.empty(); }
  std::vector<std::string> take() { return std::move(lines_); }

 private:
  std::vector<std::string> lines_;
};

// What could be read; worth nothing where a problem was noted. Its name is always the folder's. Blocks.
EnvironmentType read_type(const std::filesystem::path& folder, const workflow::ActionRegistry& actions,
                          const TypeRegistry::Extensions& extensions, TypeProblems& problems);

}  // namespace slipway::broker
