#pragma once
// Reads one version of a type's folder and notes everything that is wrong in it, across its files too. Used by the
// registry and by `slipway types lint`. Knows no database.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "broker/environment_type.h"
#include "broker/type_files.h"
#include "workflow/action.h"
#include "workflow/problem.h"

namespace slipway::broker {

// Files of the operator whose members are added to a data table and win over its own, by "TYPE/TABLE", such as
// {"parallelcluster/instance-types", "/etc/slipway/instance-types.yaml"}.
using TypeExtensions = std::map<std::string, std::filesystem::path>;

struct ReadType {
  std::shared_ptr<EnvironmentType> type;    // null where a problem refuses it
  std::vector<workflow::Problem> problems;  // warnings too; `document` is TYPE/FILE
};

// `actions`: what documents may use. Blocks where there is an extension.
ReadType read_type(const TypeFiles& files, const workflow::ActionRegistry& actions,
                   const TypeExtensions& extensions = {});

// The problems that refuse a type, a line each, with `where` (a path, or empty) before each file's name.
std::string refusals(const std::vector<workflow::Problem>& problems, const std::string& where);

}  // namespace slipway::broker
