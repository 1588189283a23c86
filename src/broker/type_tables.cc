#include "broker/type_tables.h"

#include <fmt/format.h>

#include "broker/rows.h"

namespace slipway::broker {

bool StoredTypeTables::has(const Environment& environment, std::string_view name) const {
  const auto type = types_.find(environment.type, environment.type_version);
  return type && (*type)->data.contains(name);
}

base::Result<boost::json::object> StoredTypeTables::table(const Environment& environment, std::string_view name) const {
  const auto type = TRY(types_.find(environment.type, environment.type_version));
  const auto found = type->data.find(name);
  if (found != type->data.end()) return found->second;
  return base::invalid(
      fmt::format("The type {} has no table {}: put {}.yaml back into its folder and name it under "
                  "data in type.yaml.",
                  environment.type, name, name));
}

base::Result<boost::json::object> StoredTypeTables::table(const base::EnvironmentId& id, std::string_view name) const {
  auto row = TRY(storage::find_environment(database_.reader(), id));
  if (!row) return base::not_found(fmt::format("There is no environment {}.", id.str()));
  return table(from_row(std::move(*row)), name);
}

}  // namespace slipway::broker
