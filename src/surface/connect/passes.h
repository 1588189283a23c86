#pragma once
// Passes: what a browser holds after its ticket was taken, so that it gets through to one environment for some hours. A
// cookie that names its end and the caller, sealed over both and the environment; nothing of it is stored, so it
// outlives a restart of the broker. Used by the surface.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/secret.h"
#include "http/message.h"

namespace slipway::surface::connect {

struct Pass {
  std::string who;  // the caller's name
  base::Time until;
};

class Passes {
 public:
  static constexpr std::chrono::hours kLasts{8};
  static constexpr std::string_view kCookie = "__Secure-slipway-connect";

  Passes(const base::Clock& clock, base::Secret key) : clock_(clock), key_(std::move(key)) {}

  // Value of a Set-Cookie header: for this environment's paths alone, out of a script's reach.
  std::string cookie(const base::EnvironmentId& environment, std::string_view who) const;
  // What the request brings; nothing where it brings none that is valid for the environment, and now.
  std::optional<Pass> find(const base::EnvironmentId& environment, const http::Request& request) const;

 private:
  std::string seal(const base::EnvironmentId& environment, std::string_view until, std::string_view who) const;
  std::optional<Pass> open(const base::EnvironmentId& environment, std::string_view value) const;

  const base::Clock& clock_;
  base::Secret key_;
};

}  // namespace slipway::surface::connect
