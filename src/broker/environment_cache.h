#pragma once
// Environments as they are stored, with copies of those that were read lately, so that a client that polls costs no
// parsing. Whoever writes one drops its copy once the write is durable. Used by the environments service and its parts,
// on the I/O thread.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "broker/environment.h"
#include "storage/database.h"
#include "storage/environments.h"
#include "storage/sealing.h"

namespace slipway::broker {

using EnvironmentPtr = std::shared_ptr<const Environment>;

class EnvironmentCache {
 public:
  // Both outlive it. `sealing`: of rows that hold secrets.
  EnvironmentCache(storage::Database& database, const storage::Sealing& sealing);

  // The copy, else read. Null where there is none. By id: also what is gone; by name: what is not terminated. Errors:
  // internal, a row that was sealed with another key.
  base::Result<EnvironmentPtr> find(const base::EnvironmentId& id);
  base::Result<EnvironmentPtr> find(std::string_view type, std::string_view region, std::string_view name);
  // One that is durable now.
  void put(const EnvironmentPtr& environment);
  void drop(const base::EnvironmentId& id);

 private:
  static constexpr std::size_t kLimit =
      10'000;  // then all are dropped: simple, and a broker this big reads fast anyway

  base::Result<EnvironmentPtr> keep(storage::EnvironmentRow row);

  storage::Database& database_;
  const storage::Sealing& sealing_;
  std::unordered_map<base::EnvironmentId, EnvironmentPtr> by_id_;
  std::map<std::tuple<std::string, std::string, std::string>, EnvironmentPtr, std::less<>> by_name_;
};

}  // namespace slipway::broker
