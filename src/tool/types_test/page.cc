#include "tool/types_test/page.h"

#include <fmt/format.h>

#include <map>

#include "base/text.h"
#include "cli/transport.h"

namespace slipway::tool {

namespace {

constexpr int kMostRedirects = 5;
constexpr std::size_t kShownBytes = 200;

using Cookies = std::map<std::string, std::string>;

void keep_cookies(const cli::WireResponse& answer, Cookies& cookies) {
  for (const auto& [name, value] : answer.headers) {
    if (base::lower(name) != "set-cookie") continue;
    const auto pair = value.substr(0, value.find(';'));
    const auto at = pair.find('=');
    if (at != std::string::npos) cookies[pair.substr(0, at)] = pair.substr(at + 1);
  }
}

sigv4::Headers cookie_header(const Cookies& cookies) {
  std::string all;
  for (const auto& [name, value] : cookies) all += fmt::format("{}{}={}", all.empty() ? "" : "; ", name, value);
  if (all.empty()) return {};
  return {{"Cookie", all}};
}

std::string location(const cli::WireResponse& answer) {
  for (const auto& [name, value] : answer.headers) {
    if (base::lower(name) == "location") return value;
  }
  return "";
}

}  // namespace

bool leads_through(const cli::Connection& connection, std::string_view url) {
  return url.starts_with(connection.url + "/");
}

base::Result<void> open_page(const cli::Connection& connection, std::string url) {
  const auto send = TRY(cli::open_transport(connection));
  Cookies cookies;
  for (int hop = 0; hop <= kMostRedirects; ++hop) {
    const auto answer = TRY(send({.method = "GET", .url = url, .headers = cookie_header(cookies)}));
    keep_cookies(answer, cookies);
    const auto next = location(answer);
    if (answer.status / 100 == 3 && !next.empty()) {
      url = next.starts_with('/') ? connection.url + next : next;
      continue;
    }
    if (answer.status / 100 == 2) return {};
    return base::unavailable(
        fmt::format("the page answers {}: {}", answer.status, base::printable(answer.body.substr(0, kShownBytes))));
  }
  return base::unavailable("the page redirects without end");
}

}  // namespace slipway::tool
