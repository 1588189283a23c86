#include "broker/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "base/text.h"
#include "observe/log.h"

namespace slipway::broker {

namespace fs = std::filesystem;

base::Result<TypeRegistry> TypeRegistry::load(const fs::path& root, const workflow::ActionRegistry& actions,
                                              const TypeExtensions& extensions) {
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
  std::vector<std::string> wrong;
  for (const auto& folder : folders) {
    const auto files = TRY(read_type_folder(folder));
    const auto read = read_type(files, actions, extensions);
    for (const auto& problem : read.problems) {
      if (problem.warning()) {
        observe::warning("a document has a weakness",
                         {{"type", files.name}, {"problem", workflow::to_string(problem)}});
      }
    }
    if (read.type) registry.types_.emplace(files.name, read.type);
    if (!read.type) wrong.push_back(refusals(read.problems, root.string() + "/"));
  }
  if (!wrong.empty()) return base::invalid(base::join(wrong, "\n"));
  return registry;
}

TypePtr TypeRegistry::find(std::string_view name) const {
  const auto found = types_.find(name);
  return found == types_.end() ? nullptr : found->second;
}

std::vector<std::string> TypeRegistry::names() const {
  std::vector<std::string> names;
  for (const auto& [name, type] : types_) names.push_back(name);
  return names;
}

}  // namespace slipway::broker
