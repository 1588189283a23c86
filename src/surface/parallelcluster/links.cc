#include "surface/parallelcluster/links.h"

#include <fmt/format.h>

#include <charconv>

#include "base/text.h"

namespace slipway::surface::parallelcluster {

Links::Links(const base::Clock& clock, base::Secret key) : clock_(clock), key_(std::move(key)) {}

void Links::set_base_url(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  base_url_ = std::move(url);
}

std::string Links::seal(std::string_view id, std::string_view expires) const {
  return base::hmac_sha256_hex(key_, fmt::format("configuration\n{}\n{}", id, expires));
}

std::string Links::link(const base::EnvironmentId& id) const {
  const auto expires =
      fmt::format("{}", std::chrono::floor<std::chrono::seconds>(clock_.now() + kLifetime).time_since_epoch().count());
  return fmt::format("{}{}/{}?expires={}&seal={}", base_url_, kPath, id.str(), expires, seal(id.str(), expires));
}

base::Result<base::EnvironmentId> Links::open(const http::Request& request) const {
  const auto id = request.path.substr(request.path.rfind('/') + 1);
  const auto* expires = request.query_value("expires");
  const auto* given = request.query_value("seal");
  base::Error refusal;
  refusal.kind = base::ErrorKind::forbidden;
  refusal.message = "Access Denied";
  if (expires == nullptr || given == nullptr || !base::equal_in_constant_time(*given, seal(id, *expires)))
    return refusal;
  long long seconds = 0;
  std::from_chars(expires->data(), expires->data() + expires->size(), seconds);
  if (clock_.now() >= base::Time(std::chrono::seconds(seconds))) {
    refusal.message = "Request has expired";
    return refusal;
  }
  return base::EnvironmentId(id);
}

}  // namespace slipway::surface::parallelcluster
