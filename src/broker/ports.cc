#include "broker/ports.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <set>

#include "broker/resources.h"
#include "storage/ports.h"

namespace slipway::broker {

using Numbers = std::vector<std::uint16_t>;

namespace {

// Nothing listens on `port` at any address of this machine. Only binds: nobody can connect meanwhile.
bool is_free(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const int on = 1;  // what daemons set: a port whose last connection lingers can be used
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  const bool free = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return free;
}

// The search begins at a place of the environment's own: another broker of this machine with the same range cannot see
// our reservations, and what it reserved may not listen yet.
base::Result<Numbers> choose(storage::Connection& connection, const base::EnvironmentId& id, PortRange range,
                             std::size_t count) {
  std::set<std::uint16_t> taken;
  for (const auto& row : TRY(storage::all_ports(connection))) taken.insert(row.port);
  const std::size_t size = range.last - range.first + 1u;
  const std::size_t start = std::hash<base::EnvironmentId>()(id) % size;
  Numbers chosen;
  for (std::size_t i = 0; i < size && chosen.size() < count; ++i) {
    const auto number = static_cast<std::uint16_t>(range.first + (start + i) % size);
    if (!taken.contains(number) && is_free(number)) chosen.push_back(number);
  }
  std::ranges::sort(chosen);
  if (chosen.size() == count) return chosen;
  return base::unavailable(fmt::format("{} ports are needed and only {} of {}-{} are free; delete clusters, or widen "
                                       "the range with the settings local.first_port and local.last_port",
                                       count, chosen.size(), range.first, range.last),
                           "NoFreePort");
}

base::Result<void> record(storage::Connection& connection, const base::EnvironmentId& id, std::uint16_t port,
                          base::Time now) {
  storage::ResourceRow row;
  row.environment_id = id;
  row.kind = kPort;
  row.locator = std::to_string(port);
  row.region = "local";
  row.recorded_at = now;
  TRY(storage::record_resource(connection, row));
  return storage::set_resource_present(connection, id, row.kind, row.locator);
}

// With their records: a reservation is all that there is of a port.
base::Result<void> give_back(storage::Connection& connection, const base::EnvironmentId& id, base::Time now) {
  TRY(storage::release_ports(connection, id));
  return storage::set_resources_gone(connection, id, kPort, now);
}

}  // namespace

Ports::Ports(storage::Database& database, const base::Clock& clock, PortRange range)
    : database_(database), clock_(clock), range_(range) {}

net::Task<Numbers> Ports::reserve(base::EnvironmentId id, std::size_t count) {
  auto ports = std::make_shared<Numbers>();
  CO_TRY(co_await database_.write([this, id, count, ports](storage::Connection& connection) -> base::Result<void> {
    *ports = TRY(storage::ports_of(connection, id));
    if (ports->size() >= count) return {};
    const auto more = TRY(choose(connection, id, range_, count - ports->size()));
    auto now = clock_.now();
    for (const auto& row : TRY(storage::all_ports(connection))) {
      // Their order is that of their times: behind those it has, whatever the clock shows.
      if (row.environment_id == id) now = std::max(now, row.reserved_at + std::chrono::milliseconds(1));
    }
    TRY(storage::reserve_ports(connection, id, more, now));
    for (const auto port : more) TRY(record(connection, id, port, now));
    ports->insert(ports->end(), more.begin(), more.end());
    return {};
  }));
  co_return *ports;
}

net::Task<void> Ports::release(base::EnvironmentId id) {
  co_return co_await database_.write(
      [this, id](storage::Connection& connection) { return give_back(connection, id, clock_.now()); });
}

base::Result<Numbers> Ports::of(const base::EnvironmentId& id) const {
  return storage::ports_of(database_.reader(), id);
}

}  // namespace slipway::broker
