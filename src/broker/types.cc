#include "broker/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "base/text.h"
#include "broker/type_reader.h"
#include "workflow/parameters.h"

namespace slipway::broker {

namespace fs = std::filesystem;

std::shared_ptr<const workflow::Plan> EnvironmentType::document(std::string_view provider,
                                                                std::string_view operation) const {
  const auto plans = documents.find(provider);
  if (plans == documents.end()) return nullptr;
  const auto plan = plans->second.find(operation);
  return plan == plans->second.end() ? nullptr : plan->second;
}

base::Result<boost::json::object> bind_parameters(const EnvironmentType& type, boost::json::object given) {
  std::vector<std::string> wrong;
  for (const auto& member : given) {
    const auto known = [&](const workflow::Parameter& parameter) { return parameter.name == member.key(); };
    if (std::ranges::none_of(type.parameters, known)) {
      wrong.push_back(fmt::format("{} is no parameter of {}", std::string_view(member.key()), type.name));
    }
  }
  for (const auto& parameter : type.parameters) {
    if (const auto* value = given.if_contains(parameter.name)) {
      if (!workflow::has_type(parameter.type, *value)) {
        wrong.push_back(fmt::format("{} must be of type {}", parameter.name, workflow::to_string(parameter.type)));
      }
    } else if (parameter.fallback) {
      given[parameter.name] = *parameter.fallback;
    } else {
      wrong.push_back(fmt::format("{} is missing", parameter.name));
    }
  }
  if (!wrong.empty()) return base::invalid(fmt::format("Parameters: {}.", base::join(wrong, "; ")), "parameters");
  return given;
}

base::Result<TypeRegistry> TypeRegistry::load(const fs::path& root, const workflow::ActionRegistry& actions,
                                              const Extensions& extensions) {
  std::error_code failed;
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(root, failed)) {
    if (fs::exists(entry.path() / "type.yaml", failed)) folders.push_back(entry.path());
  }
  if (failed) {
    return base::not_found(
        fmt::format("The folder of environment types, {}, cannot be read: {}. Set `types_dir` to the "
                    "folder that holds them.",
                    root.string(), failed.message()));
  }
  std::ranges::sort(folders);
  TypeRegistry registry;
  TypeProblems problems;
  for (const auto& folder : folders) {
    auto type = read_type(folder, actions, extensions, problems);
    registry.types_.emplace(type.name, std::move(type));
  }
  if (!problems.empty()) return base::invalid(base::join(problems.take(), "\n"));
  return registry;
}

const EnvironmentType* TypeRegistry::find(std::string_view name) const {
  const auto found = types_.find(name);
  return found == types_.end() ? nullptr : &found->second;
}

std::vector<std::string> TypeRegistry::names() const {
  std::vector<std::string> names;
  for (const auto& [name, type] : types_) names.push_back(name);
  return names;
}

}  // namespace slipway::broker
