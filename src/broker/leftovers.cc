#include "broker/leftovers.h"

#include <filesystem>
#include <memory>

#include "broker/audit.h"
#include "broker/resources.h"
#include "broker/rows.h"
#include "observe/log.h"
#include "storage/environments.h"
#include "storage/ports.h"

namespace slipway::broker {

namespace {

constexpr int kMostLeftovers = 1000;  // of one look; more are seen by the next

bool is_path(const storage::ResourceRow& resource) {
  return resource.kind == kFolder || resource.kind == kProcess;
}

}  // namespace

Leftovers::Leftovers(net::Runtime& runtime, storage::Database& database, const base::Clock& clock,
                     const storage::Sealing& sealing, const Providers& providers)
    : runtime_(runtime),
      database_(database),
      clock_(clock),
      sealing_(sealing),
      providers_(providers),
      tasks_(runtime) {}

void Leftovers::start(const std::vector<base::EnvironmentId>& live) {
  for (auto* provider : providers_.all()) {
    tasks_.spawn("sweep",
                 [this, provider, unowned = provider->leftovers(live)] { return sweep_unowned(*provider, unowned); });
  }
  tasks_.spawn("sweep of leftovers", [this] { return sweep_recorded(std::nullopt); });
}

boost::asio::awaitable<void> Leftovers::stop() {
  tasks_.cancel();
  co_await tasks_.join();
}

void Leftovers::sweep_after(const base::EnvironmentId& id) {
  // Until the task is gone, however it ends.
  const std::shared_ptr<void> swept(nullptr, [this, place = sweeping_.insert(id)](void*) { sweeping_.erase(place); });
  tasks_.spawn("sweep after " + id.str(), [this, id, swept] { return sweep_recorded(id); });
}

net::Task<std::vector<storage::LeftoverRow>> Leftovers::list(std::optional<base::EnvironmentId> id) {
  auto swept = sweeping_;
  auto rows = CO_TRY(co_await recorded(id));
  // Also what was swept, or began to be, while the list was read.
  swept.insert(sweeping_.begin(), sweeping_.end());
  std::erase_if(rows, [&](const auto& row) { return swept.contains(row.resource.environment_id); });
  co_return rows;
}

net::Task<std::vector<storage::LeftoverRow>> Leftovers::recorded(std::optional<base::EnvironmentId> id) {
  std::vector<storage::LeftoverRow> rows;
  CO_TRY(co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    rows = TRY(storage::leftover_resources(connection, id, kMostLeftovers));
    return {};
  }));
  co_return rows;
}

net::Task<std::vector<storage::LeftoverRow>> Leftovers::reap(Cause cause) {
  const auto before = CO_TRY(co_await list());
  for (const auto& leftover : before) co_await sweep_resource(leftover.resource);
  auto after = CO_TRY(co_await list());
  const auto audit =
      audit_row(cause, clock_.now(), "leftovers", {{"leftovers", before.size()}}, {{"leftovers", after.size()}});
  CO_TRY(co_await database_.write(
      [audit](storage::Connection& connection) { return storage::insert_audit(connection, audit); }));
  co_return after;
}

boost::asio::awaitable<void> Leftovers::sweep_unowned(Provider& provider, std::vector<std::string> unowned) {
  for (const auto& leftover : unowned) {
    const auto removed = co_await provider.remove_leftover(leftover);
    if (removed) {
      observe::warning("removed what belonged to no environment", {{"leftover", leftover}});
    } else {
      observe::error("what belongs to no environment cannot be removed", removed.error(), {{"leftover", leftover}});
    }
  }
}

boost::asio::awaitable<void> Leftovers::sweep_recorded(std::optional<base::EnvironmentId> id) {
  const auto left = co_await recorded(id);
  if (left) {
    for (const auto& leftover : *left) co_await sweep_resource(leftover.resource);
  } else {
    observe::error("what an environment left behind cannot be read", left.error());
  }
}

// Read now: a launch that was taken back may have been begun again since the list was made, and fills the folder.
boost::asio::awaitable<bool> Leftovers::may_be_swept(base::EnvironmentId id) {
  std::optional<storage::EnvironmentRow> row;
  const auto read = co_await database_.read([&](storage::Connection& connection) -> base::Result<void> {
    row = TRY(storage::find_environment(connection, id));
    return {};
  });
  if (!read || !row) co_return read.has_value();
  const auto environment = from_row(std::move(*row), sealing_);
  co_return environment && !has_resources(*environment);
}

boost::asio::awaitable<void> Leftovers::sweep_resource(storage::ResourceRow resource) {
  auto* provider = providers_.serving(resource.region);
  // Whatever is not on this machine is only listed: nothing proves yet that it is ours.
  if (provider == nullptr || provider->name() != "local") co_return;
  const auto there = [this, resource]() -> net::Task<bool> {
    return net::run_blocking<bool>(runtime_, [resource]() -> base::Result<bool> {
      std::error_code unseen;
      return is_path(resource) && std::filesystem::exists(resource.locator, unseen);
    });
  };
  auto left = co_await there();
  if (left && *left && resource.kind == kFolder && !co_await may_be_swept(resource.environment_id)) co_return;
  if (left && *left && resource.kind == kFolder) {
    const auto removed = co_await provider->remove_leftover(resource.locator);
    if (!removed)
      observe::error("what an environment left behind cannot be removed", removed.error(),
                     {{"environment", resource.environment_id.str()}, {"leftover", resource.locator}});
    left = co_await there();
  }
  if (!left || *left) co_return;
  const auto now = clock_.now();
  const auto forgotten = co_await database_.write([=](storage::Connection& connection) -> base::Result<void> {
    if (resource.kind == kPort) TRY(storage::release_ports(connection, resource.environment_id));
    return storage::set_resource_gone(connection, resource.environment_id, resource.kind, resource.locator, now);
  });
  if (forgotten) {
    observe::warning(
        "swept what an environment left behind",
        {{"environment", resource.environment_id.str()}, {"kind", resource.kind}, {"leftover", resource.locator}});
  }
}

}  // namespace slipway::broker
