#pragma once
// Tickets: each lets its bearer in once, to one environment, within a minute. What a URL carries that leads through the
// broker, so that a URL which ends up in a history or a log opens nothing. In memory alone: after a restart one asks
// for another. On the I/O thread. Knows no HTTP.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

namespace slipway::broker {

class Tickets {
 public:
  static constexpr std::chrono::minutes kLasts{1};
  static constexpr std::size_t kMost = 100;  // of one caller's that nobody has used yet

  explicit Tickets(const base::Clock& clock) : clock_(clock) {}

  // `who`: the caller's name. 32 lower-case hex digits. Errors: throttled where kMost are open.
  base::Result<std::string> issue(const base::EnvironmentId& environment, std::string who);
  // The name of the caller that it was made for, once; nothing where it is none, of another environment, used or late.
  std::optional<std::string> redeem(const base::EnvironmentId& environment, std::string_view ticket);

 private:
  struct Ticket {
    base::EnvironmentId environment;
    std::string who;
    base::Time until;
  };

  const base::Clock& clock_;
  std::map<std::string, Ticket, std::less<>> open_;
};

}  // namespace slipway::broker
