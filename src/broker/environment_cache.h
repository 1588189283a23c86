#pragma once
// Copies of environment rows that were read lately, so that a client that polls costs no parsing. Every write drops the
// copy once it is durable. Used by the environments service alone, on the I/O thread.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "broker/environment.h"

namespace slipway::broker {

using EnvironmentPtr = std::shared_ptr<const Environment>;

class EnvironmentCache {
 public:
  // Both null where there is no copy. By name: of what is not terminated.
  EnvironmentPtr find(const base::EnvironmentId& id) const;
  EnvironmentPtr find(std::string_view type, std::string_view region, std::string_view name) const;
  void put(const EnvironmentPtr& environment);
  void drop(const base::EnvironmentId& id);

 private:
  static constexpr std::size_t kLimit =
      10'000;  // then all are dropped: simple, and a broker this big reads fast anyway

  std::unordered_map<base::EnvironmentId, EnvironmentPtr> by_id_;
  std::map<std::tuple<std::string, std::string, std::string>, EnvironmentPtr, std::less<>> by_name_;
};

}  // namespace slipway::broker
