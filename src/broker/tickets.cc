#include "broker/tickets.h"

#include <algorithm>

namespace slipway::broker {

base::Result<std::string> Tickets::issue(const base::EnvironmentId& environment, std::string who) {
  std::erase_if(open_, [now = clock_.now()](const auto& entry) { return entry.second.until <= now; });
  const auto of_caller = std::ranges::count(open_, who, [](const auto& entry) { return entry.second.who; });
  if (static_cast<std::size_t>(of_caller) >= kMost) {
    auto error = base::unavailable("Too many connections were asked for and not opened. Try again in a minute.");
    error.kind = base::ErrorKind::throttled;
    error.retry_after = kLasts;
    return error;
  }
  auto ticket = base::random_hex(16);
  open_[ticket] = {.environment = environment, .who = std::move(who), .until = clock_.now() + kLasts};
  return ticket;
}

std::optional<std::string> Tickets::redeem(const base::EnvironmentId& environment, std::string_view ticket) {
  const auto found = open_.find(ticket);
  if (found == open_.end() || found->second.environment != environment) return std::nullopt;
  const auto [_, who, until] = std::move(found->second);
  open_.erase(found);
  if (until <= clock_.now()) return std::nullopt;
  return who;
}

}  // namespace slipway::broker
