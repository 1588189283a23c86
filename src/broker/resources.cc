#include "broker/resources.h"

namespace slipway::broker {

using base::Result;
using storage::Connection;

namespace {

constexpr std::chrono::hours kGrace{1};

}  // namespace

Resources::Resources(storage::Database& database, const base::Clock& clock) : database_(database), clock_(clock) {}

net::Task<void> Resources::record(base::EnvironmentId id, std::string region, std::string token,
                                  std::vector<Resource> made) {
  const auto now = clock_.now();
  co_return co_await database_.write([=](Connection& connection) -> Result<void> {
    for (const auto& resource : made) {
      storage::ResourceRow row;
      row.environment_id = id;
      row.kind = resource.kind;
      row.locator = resource.locator;
      row.region = region;
      row.token = token;
      row.recorded_at = now;
      TRY(storage::record_resource(connection, row));
    }
    return {};
  });
}

net::Task<void> Resources::present(base::EnvironmentId id, std::vector<Resource> made) {
  co_return co_await database_.write([=](Connection& connection) -> Result<void> {
    for (const auto& resource : made) {
      TRY(storage::set_resource_present(connection, id, resource.kind, resource.locator));
    }
    return {};
  });
}

net::Task<void> Resources::gone(base::EnvironmentId id, std::vector<Resource> made) {
  const auto now = clock_.now();
  co_return co_await database_.write([=](Connection& connection) -> Result<void> {
    for (const auto& resource : made) {
      TRY(storage::set_resource_gone(connection, id, resource.kind, resource.locator, now));
    }
    return {};
  });
}

std::string_view to_string(LeftoverRule rule) {
  switch (rule) {
    case LeftoverRule::sweep:
      return "sweep";
    case LeftoverRule::wait:
      return "wait";
    case LeftoverRule::reap:
      return "reap";
    case LeftoverRule::list:
      return "list";
  }
}

LeftoverRule leftover_rule(const Orphan& orphan, bool reap_orphans, base::Time now) {
  if (orphan.local) return LeftoverRule::sweep;
  if (!reap_orphans || orphan.token.empty() || orphan.token != orphan.proven_token) return LeftoverRule::list;
  return now - orphan.since < kGrace ? LeftoverRule::wait : LeftoverRule::reap;
}

}  // namespace slipway::broker
