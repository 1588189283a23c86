#include "surface/connect/passes.h"

#include <fmt/format.h>

#include <charconv>

#include "base/text.h"
#include "broker/connection.h"
#include "surface/connect/headers.h"

namespace slipway::surface::connect {

std::string Passes::seal(const base::EnvironmentId& environment, std::string_view until, std::string_view who) const {
  return base::hmac_sha256_hex(key_, fmt::format("connection\n{}\n{}\n{}", environment.str(), until, who));
}

std::string Passes::cookie(const base::EnvironmentId& environment, std::string_view who) const {
  const auto until = std::chrono::floor<std::chrono::seconds>(clock_.now() + kLasts).time_since_epoch().count();
  // What a cookie may not hold is encoded in the name, the dot that divides the parts as well.
  std::string name;
  for (const auto c : who) name += c == '.' ? "%2E" : base::percent_encode(std::string_view(&c, 1));
  return fmt::format("{}={}.{}.{}; Path={}; Max-Age={}; HttpOnly; Secure; SameSite=Lax", kCookie, until, name,
                     seal(environment, fmt::to_string(until), who), broker::connect_path(environment),
                     std::chrono::seconds(kLasts).count());
}

std::optional<Pass> Passes::open(const base::EnvironmentId& environment, std::string_view value) const {
  const auto parts = base::split(value, '.');
  Pass pass;
  if (parts.size() != 3 || !base::percent_decode(parts[1], pass.who)) return std::nullopt;
  if (!base::equal_in_constant_time(parts[2], seal(environment, parts[0], pass.who))) return std::nullopt;
  long long seconds = 0;
  std::from_chars(parts[0].data(), parts[0].data() + parts[0].size(), seconds);
  pass.until = base::Time(std::chrono::seconds(seconds));
  if (pass.until <= clock_.now()) return std::nullopt;
  return pass;
}

std::optional<Pass> Passes::find(const base::EnvironmentId& environment, const http::Request& request) const {
  for (const auto& [name, value] : cookies(request.headers)) {
    if (name != kCookie) continue;
    if (auto pass = open(environment, value)) return pass;
  }
  return std::nullopt;
}

}  // namespace slipway::surface::connect
