#include "broker/type_tables.h"

#include <fmt/format.h>

#include "storage/environments.h"

namespace slipway::broker {

bool StoredTypeTables::has(const Environment& environment, std::string_view name) const {
  const auto type = types_.find(environment.type, environment.type_version);
  return type && (*type)->data.contains(name);
}

base::Result<boost::json::object> StoredTypeTables::table(const Environment& environment, std::string_view name) const {
  return table(environment.type, environment.type_version, name);
}

base::Result<boost::json::object> StoredTypeTables::table(const std::string& type_name, int version,
                                                          std::string_view name) const {
  const auto type = TRY(types_.find(type_name, version));
  const auto found = type->data.find(name);
  if (found != type->data.end()) return found->second;
  return base::invalid(
      fmt::format("The type {} has no table {}: put {}.yaml back into its folder and name it under "
                  "data in type.yaml.",
                  type_name, name, name));
}

base::Result<boost::json::object> StoredTypeTables::table(const base::EnvironmentId& id, std::string_view name) const {
  auto row = TRY(storage::find_environment(database_.reader(), id));
  if (!row) return base::not_found(fmt::format("There is no environment {}.", id.str()));
  return table(row->type, static_cast<int>(row->type_version), name);
}

}  // namespace slipway::broker
