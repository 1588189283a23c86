#pragma once
// Versions of types that are not current: the ones asked for last, so that what lives on an older version costs no
// parsing each time. The database has them all. Used by the registry alone, on the I/O thread.

#include <string_view>
#include <vector>

#include "broker/environment_type.h"

namespace slipway::broker {

class TypeCache {
 public:
  static constexpr std::size_t kLimit = 64;

  TypePtr find(std::string_view name, int version);  // null where it is not here
  void put(TypePtr type);
  void drop(std::string_view name, int version);

 private:
  std::vector<TypePtr> types_;  // the one asked for last at the end
};

}  // namespace slipway::broker
