#include "tool/types_test/tested_type.h"

#include <fmt/format.h>

#include <boost/json/value.hpp>

#include "cli/output.h"
#include "cli/text_file.h"
#include "config/reader.h"

namespace slipway::tool {

namespace {

// With the nearest of those that are there, or the line that tests a folder.
base::Error no_type(const std::filesystem::path& types_dir, const std::string& name) {
  const std::filesystem::path path(name);
  if (path.has_parent_path()) {
    const auto folder = path.has_filename() ? path : path.parent_path();
    return base::not_found(fmt::format("{} is a path, not the name of a type: `slipway types test {} --types-dir {}`.",
                                       name, folder.filename().native(), folder.parent_path().native()));
  }
  std::vector<std::string> known;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(types_dir, failed)) {
    if (std::filesystem::exists(entry.path() / "type.yaml", failed)) known.push_back(entry.path().filename());
  }
  const auto nearest = config::nearest(name, known);
  return base::not_found(fmt::format(
      "There is no type {} in {}: types test takes folders below --types-dir, also with --url; {}", name,
      types_dir.native(),
      nearest.empty() ? "name another folder with --types-dir." : fmt::format("did you mean {}?", nearest)));
}

}  // namespace

base::Result<TestedType> read_tested_type(const std::filesystem::path& types_dir, const std::string& name) {
  const auto file = types_dir / name / "type.yaml";
  std::error_code failed;
  if (name.find('/') != std::string::npos || !std::filesystem::exists(file, failed)) return no_type(types_dir, name);
  const auto type = TRY(cli::read_yaml_file(file)).to_json();
  const auto has = [&](const char* operation) {
    return !cli::text_at(type, fmt::format("/documents/local/{}", operation)).empty();
  };
  TestedType found{.name = name,
                   .configuration = cli::text_at(type, "/test/configuration"),
                   .parameters = {},
                   .keeps = cli::text_at(type, "/test/keeps"),
                   .stops = has("stop") && has("start"),
                   .connects = has("connect")};
  boost::system::error_code absent;
  if (const auto* given = type.find_pointer("/test/parameters", absent); given != nullptr && given->is_object()) {
    found.parameters = given->get_object();
  }
  if (const auto* keys = type.find_pointer("/connection/keys", absent); keys != nullptr && keys->is_object()) {
    for (const auto& [key, about] : keys->get_object()) found.keys.emplace_back(key);
  }
  return found;
}

}  // namespace slipway::tool
