#pragma once
// All providers of a broker: which of them serves a region, and by which document of a type it does an operation there.
// Used by the environments service and its parts.

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "broker/environment_type.h"
#include "broker/provider.h"

namespace slipway::broker {

class Providers {
 public:
  // None is null; all outlive it.
  explicit Providers(std::vector<Provider*> all) : all_(std::move(all)) {}

  const std::vector<Provider*>& all() const { return all_; }
  // Null where none serves it.
  Provider* serving(std::string_view region) const;
  // Errors: invalid where none serves the region, or the type has no document for that operation there.
  base::Result<std::shared_ptr<const workflow::Plan>> document(const EnvironmentType& type, std::string_view region,
                                                               std::string_view operation) const;

 private:
  std::vector<Provider*> all_;
};

}  // namespace slipway::broker
