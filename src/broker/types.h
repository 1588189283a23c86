#pragma once
// Environment types: folders that say how a thing lives. Each has a type.yaml, lifecycle documents and data files; all
// of it is read at start. Used by the environments service and the composition root, which hands the data to providers.
// Knows no provider but by name, and no type.
//
// type.yaml, every key shown, all but name and documents optional:
//   name: parallelcluster          the folder's name
//   title: Slurm cluster           one line for people
//   parameters:                    what a launch is given
//     Configuration: {type: StringMap, default: {}, description: ...}
//   documents:                     by provider, then by operation; file names of this folder
//     local: {launch: launch.yaml, terminate: terminate.yaml}
//   data:                          tables that providers and surfaces read; file names of this folder
//     instance-types: instance-types.yaml

#include <boost/json/object.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "workflow/action.h"
#include "workflow/plan.h"

namespace slipway::broker {

struct EnvironmentType {
  using Plans = std::map<std::string, std::shared_ptr<const workflow::Plan>, std::less<>>;  // by operation

  std::string name;
  std::string title;
  std::vector<workflow::Parameter> parameters;          // in the order of the file
  std::map<std::string, Plans, std::less<>> documents;  // by provider; each has launch and terminate
  std::map<std::string, boost::json::object, std::less<>> data;

  // The document, or null where the type has none for this provider or operation.
  std::shared_ptr<const workflow::Plan> document(std::string_view provider, std::string_view operation) const;
};

// A launch's parameters against those of the type: every unknown, missing and mistyped one in one message (invalid).
// Gives them with the defaults of absent ones.
base::Result<boost::json::object> bind_parameters(const EnvironmentType& type, boost::json::object given);

class TypeRegistry {
 public:
  // Files of the operator whose members are added to a data table and win over its own, by "TYPE/TABLE", such as
  // {"parallelcluster/instance-types", "/etc/slipway/instance-types.yaml"}.
  using Extensions = std::map<std::string, std::filesystem::path>;

  // Reads every folder below `root` that has a type.yaml. `actions`: what documents may use. Blocks. Errors: invalid
  // with every problem of every folder, a line each: file, line, what is wrong; not_found where root is no folder.
  static base::Result<TypeRegistry> load(const std::filesystem::path& root, const workflow::ActionRegistry& actions,
                                         const Extensions& extensions = {});

  const EnvironmentType* find(std::string_view name) const;  // null where there is none
  std::vector<std::string> names() const;

 private:
  std::map<std::string, EnvironmentType, std::less<>> types_;
};

}  // namespace slipway::broker
