#include "surface/connect/headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "broker/connection.h"
#include "surface/connect/passes.h"

namespace slipway::surface::connect {

namespace {

using Names = std::set<std::string, std::less<>>;

// Fields of one connection, not of the message; those that Connection names are added. The length of a body is none,
// whatever Connection says: without it the body would be read as another request.
Names hop_by_hop(const http::Headers& headers) {
  Names names{"connection",
              "keep-alive",
              "proxy-authenticate",
              "proxy-authorization",
              "proxy-connection",
              "te",
              "trailer",
              "transfer-encoding",
              "upgrade"};
  for (const auto& [name, value] : headers) {
    if (base::lower(name) != "connection") continue;
    for (const auto option : base::split(value, ',')) names.insert(base::lower(base::trim(option)));
  }
  names.erase("content-length");
  return names;
}

bool lists(const std::string* header, std::string_view wanted) {
  if (header == nullptr) return false;
  return std::ranges::any_of(base::split(*header, ','),
                             [&](std::string_view word) { return base::lower(base::trim(word)) == wanted; });
}

std::string host_of(const broker::Endpoint& endpoint) {
  return fmt::format("127.0.0.1:{}", endpoint.port);
}

// Without our pass: the program has no use for it, and could use it in the caller's place.
std::string others_cookies(const http::Headers& headers) {
  std::string others;
  for (const auto& [name, value] : cookies(headers)) {
    if (name == Passes::kCookie) continue;
    others += fmt::format("{}{}={}", others.empty() ? "" : "; ", name, value);
  }
  return others;
}

// The target as the endpoint knows it.
std::string target_for(const http::Request& request, const base::EnvironmentId& environment,
                       const broker::Endpoint& endpoint) {
  const auto path = broker::connect_path(environment);
  if (!endpoint.prefix.empty()) return endpoint.prefix + request.target.substr(path.size());
  auto rest = request.target.substr(path.size());
  if (!rest.starts_with('/')) rest.insert(0, "/");
  return rest;
}

// A place of the endpoint as the client reaches it. Places elsewhere stay.
std::string outside_place(std::string_view place, std::string_view path, const broker::Endpoint& endpoint) {
  const auto origin = "http://" + host_of(endpoint);
  if (place.starts_with(origin)) place.remove_prefix(origin.size());
  if (!place.starts_with('/') || place.starts_with("//")) return std::string(place);
  if (!endpoint.prefix.empty()) return std::string(place);
  return fmt::format("{}{}", path, place);
}

// A program's cookie is for its environment's paths, whatever it says itself.
std::string outside_cookie(std::string_view cookie, std::string_view path) {
  std::string kept;
  std::string own_path(path);
  for (const auto part : base::split(cookie, ';')) {
    const auto attribute = base::trim(part);
    const auto name = base::lower(base::trim(attribute.substr(0, attribute.find('='))));
    if (kept.empty()) {
      kept = attribute;
    } else if (name == "path") {
      const auto at = attribute.find('=');
      const auto given = at == std::string_view::npos ? std::string_view() : base::trim(attribute.substr(at + 1));
      if (given == path || given.starts_with(fmt::format("{}/", path))) own_path = given;
    } else if (name != "domain" && !attribute.empty()) {
      kept += fmt::format("; {}", attribute);
    }
  }
  return fmt::format("{}; Path={}", kept, own_path);
}

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> cookies(const http::Headers& headers) {
  std::vector<std::pair<std::string_view, std::string_view>> all;
  for (const auto& [name, value] : headers) {
    if (base::lower(name) != "cookie") continue;
    for (const auto part : base::split(value, ';')) {
      const auto cookie = base::trim(part);
      const auto at = cookie.find('=');
      if (at == std::string_view::npos) continue;
      all.emplace_back(base::trim(cookie.substr(0, at)), base::trim(cookie.substr(at + 1)));
    }
  }
  return all;
}

bool wants_websocket(const http::Request& request) {
  return request.method == "GET" && lists(request.header("connection"), "upgrade") &&
         lists(request.header("upgrade"), "websocket");
}

bool is_from_here(const http::Request& request, std::string_view public_url) {
  const auto* origin = request.header("origin");
  if (origin == nullptr) return true;
  const auto* host = request.header("host");
  if (host != nullptr && base::lower(*origin) == base::lower("https://" + *host)) return true;
  return !public_url.empty() && base::lower(*origin) == base::lower(public_url.substr(0, public_url.find('/', 8)));
}

Framing framing_of(const http::Request& request) {
  if (request.header("transfer-encoding") != nullptr) return Framing::chunked;
  return request.header("content-length") != nullptr ? Framing::length : Framing::none;
}

std::string request_head(const http::Request& request, const base::EnvironmentId& environment,
                         const broker::Endpoint& endpoint) {
  auto dropped = hop_by_hop(request.headers);
  dropped.merge(Names{"authorization", "cookie", "expect", "host", "origin", "forwarded", "x-forwarded-for",
                      "x-forwarded-host", "x-forwarded-proto", "x-forwarded-prefix"});
  const auto host = host_of(endpoint);
  auto head =
      fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method, target_for(request, environment, endpoint), host);
  const auto add = [&head](std::string_view name, std::string_view value) {
    head += fmt::format("{}: {}\r\n", name, value);
  };
  for (const auto& [name, value] : request.headers) {
    if (!dropped.contains(base::lower(name))) add(name, value);
  }
  // It was from here, so to the program it is from there.
  if (request.header("origin") != nullptr) add("Origin", "http://" + host);
  if (const auto kept = others_cookies(request.headers); !kept.empty()) add("Cookie", kept);
  if (!endpoint.authorization.empty()) add("Authorization", endpoint.authorization.reveal());
  add("X-Forwarded-For", request.remote.substr(0, request.remote.rfind(':')));
  add("X-Forwarded-Proto", "https");
  if (const auto* given = request.header("host")) add("X-Forwarded-Host", *given);
  if (endpoint.prefix.empty()) add("X-Forwarded-Prefix", broker::connect_path(environment));
  if (framing_of(request) == Framing::chunked) add("Transfer-Encoding", "chunked");
  if (wants_websocket(request)) {
    add("Upgrade", "websocket");
    add("Connection", "Upgrade");
  } else {
    add("Connection", "close");
  }
  return head + "\r\n";
}

http::Response answer_head(net::HttpHead head, const base::EnvironmentId& environment,
                           const broker::Endpoint& endpoint) {
  const auto path = broker::connect_path(environment);
  auto dropped = hop_by_hop(head.headers);
  dropped.merge(Names{"content-length", "date", "x-amzn-requestid"});  // the session's own
  // What would act on the whole of the broker's origin, beyond the environment and the visit.
  dropped.merge(Names{"alt-svc", "clear-site-data", "service-worker-allowed", "strict-transport-security"});
  http::Response answer{.status = head.status, .headers = {}, .body = {}, .content_type = {}};
  for (auto& [name, value] : head.headers) {
    const auto key = base::lower(name);
    if (dropped.contains(key)) continue;
    if (key == "content-type") {
      answer.content_type = std::move(value);
    } else if (key == "location" || key == "content-location") {
      answer.headers.emplace_back(std::move(name), outside_place(value, path, endpoint));
    } else if (key == "set-cookie") {
      answer.headers.emplace_back(std::move(name), outside_cookie(value, path));
    } else {
      answer.headers.emplace_back(std::move(name), std::move(value));
    }
  }
  if (head.status == 101) {
    answer.headers.emplace_back("Upgrade", "websocket");
    answer.headers.emplace_back("Connection", "Upgrade");
  }
  return answer;
}

}  // namespace slipway::surface::connect
