#pragma once
// The data tables of types as providers ask for them. Made by the composition root. On the I/O thread.

#include "broker/provider.h"
#include "broker/types.h"

namespace slipway::broker {

class StoredTypeTables final : public TypeTables {
 public:
  // Both outlive it.
  StoredTypeTables(const TypeRegistry& types, storage::Database& database) : types_(types), database_(database) {}
  bool has(const Environment& environment, std::string_view name) const override;
  base::Result<boost::json::object> table(const Environment& environment, std::string_view name) const override;
  base::Result<boost::json::object> table(const base::EnvironmentId& id, std::string_view name) const override;

 private:
  base::Result<boost::json::object> table(const std::string& type, int version, std::string_view name) const;

  const TypeRegistry& types_;
  storage::Database& database_;
};

}  // namespace slipway::broker
