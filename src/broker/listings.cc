// The environments service's lists over all types, and what an environment has made: for the operator API.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "broker/environments.h"
#include "broker/rows.h"
#include "storage/environments.h"
#include "storage/executions.h"

namespace slipway::broker {

base::Result<EnvironmentPtr> Environments::resolve(const std::string& name_or_id) {
  const auto meant = TRY(environment_meant(database_.reader(), name_or_id));
  if (!meant) {
    return base::not_found(
        fmt::format("There is and was no environment {}. Names and ids are listed by "
                    "`slipway env list`.",
                    base::excerpt(name_or_id)));
  }
  return find(*meant);
}

base::Result<base::ExecutionId> Environments::resolve_execution(const std::string& name, Executions::Meant meant) {
  if (TRY(storage::find_execution(database_.reader(), base::ExecutionId(name)))) return base::ExecutionId(name);
  const auto environment = resolve(name);
  if (!environment && environment.error().kind != base::ErrorKind::not_found) return environment.error();
  if (!environment) {
    return base::not_found(fmt::format(
        "There is no execution {0}, and no environment of that name or id. They are listed by `slipway execution "
        "list` and `slipway env list`.",
        base::excerpt(name)));
  }
  auto id = TRY(executions_.newest((*environment)->id, meant));
  if (!id) return base::not_found(fmt::format("The environment {} has no execution.", name));
  return std::move(*id);
}

net::Task<EnvironmentPage> Environments::list(storage::EnvironmentFilter filter, std::string token, int limit) {
  std::vector<base::EnvironmentId> ids;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    ids = TRY(storage::list_environment_ids(connection, filter, base::EnvironmentId(token), limit + 1));
    return {};
  }));
  EnvironmentPage page;
  const bool more = std::ssize(ids) > limit;
  if (more) ids.pop_back();
  for (const auto& id : ids) {
    auto environment = CO_TRY(find(id));
    if (environment) page.environments.push_back(std::move(environment));
  }
  if (more) page.next = ids.back().str();
  co_return page;
}

net::Task<std::vector<storage::ResourceRow>> Environments::resources(base::EnvironmentId id) {
  std::vector<storage::ResourceRow> rows;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    rows = TRY(storage::resources_of(connection, id));
    return {};
  }));
  co_return rows;
}

}  // namespace slipway::broker
