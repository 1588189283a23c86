#pragma once
// The environment types that a launch may ask for, by name. Used by the environments service and the composition root,
// which hands the data to providers. Knows no provider but by name, and no type.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/environment_type.h"
#include "broker/type_reader.h"

namespace slipway::broker {

class TypeRegistry {
 public:
  // Reads every folder below `root` that has a type.yaml. `actions`: what documents may use. Blocks. Errors: invalid
  // with every problem of every folder, a line each: file, line, what is wrong; not_found where root is no folder.
  static base::Result<TypeRegistry> load(const std::filesystem::path& root, const workflow::ActionRegistry& actions,
                                         const TypeExtensions& extensions = {});

  TypePtr find(std::string_view name) const;  // null where there is none
  std::vector<std::string> names() const;

 private:
  std::map<std::string, TypePtr, std::less<>> types_;
};

}  // namespace slipway::broker
