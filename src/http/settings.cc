#include <fmt/format.h>

#include <charconv>

#include "http/server.h"

namespace slipway::http {

using namespace std::chrono_literals;

namespace {
void read_limits(config::Section section, Limits& limits) {
  section.read_bytes("header_limit", limits.header_bytes, 1 << 10, 1 << 20);
  section.read_bytes("body_limit", limits.body_bytes, 1 << 10, 1 << 30);
  section.read("uploads", limits.uploads, 1, 1'000);
  section.read("request_time", limits.request_time, 10ms, 1h);
  section.read("answer_time", limits.answer_time, 10ms, 1h);
  section.read("idle_time", limits.idle_time, 10ms, 24h);
  section.read("stop_time", limits.stop_time, 0ms, 1h);
  section.read("connections", limits.connections, 1, 1'000'000);
  section.read("requests_in_flight", limits.requests_in_flight, 1, 1'000'000);
}

void read_certificate(config::Section section, std::vector<net::CertificateFiles>& certificates) {
  net::CertificateFiles files;
  section.read("certificate", files.certificate);
  section.read("key", files.key);
  if (files.certificate.empty() != files.key.empty()) {
    section.refuse(files.key.empty() ? "key" : "certificate", "certificate and key are given together");
  }
  if (!files.certificate.empty()) certificates.push_back(std::move(files));
}

void read_tls(config::Section tls, ListenerSettings& listener) {
  read_certificate(tls, listener.certificates);
  for (auto& more : tls.sections("more")) read_certificate(more, listener.certificates);
}

void read_listen(config::Section section, ListenerSettings& listener, std::string text) {
  section.read("listen", text);
  if (text.empty()) return;
  const auto parsed = parse_listen(text);
  if (!parsed) return section.refuse("listen", parsed.error().message);
  listener.address = parsed->address;
  listener.port = parsed->port;
}
}  // namespace

base::Result<ListenerSettings> parse_listen(std::string_view text) {
  const auto wrong = [&] {
    return base::invalid(fmt::format("\"{}\" is no place to listen: write ADDRESS:PORT, such as 127.0.0.1:8443", text));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  auto address = text.substr(0, colon);
  const auto port = text.substr(colon + 1);
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  } else if (address.find(':') != std::string_view::npos) {
    return wrong();
  }
  ListenerSettings listener;
  listener.address = address.empty() ? "::" : address == "localhost" ? "127.0.0.1" : std::string(address);
  const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), listener.port);
  if (failure != std::errc() || end != port.data() + port.size()) return wrong();
  if (listener.port < 0 || listener.port > 65535) return wrong();
  return listener;
}

void read_settings(config::Section root, ServerSettings& settings) {
  read_limits(root.section("http"), settings.limits);
  root.read("public_url", settings.public_url);
  if (!settings.public_url.empty() && !settings.public_url.starts_with("https://")) {
    root.refuse("public_url", "must begin with https://");
  }
  std::vector<ListenerSettings> listeners;
  for (auto& section : root.sections("listeners")) {
    auto& listener = listeners.emplace_back();
    read_listen(section, listener, "127.0.0.1:8443");
    section.read("surfaces", listener.surfaces);
    read_tls(section.section("tls"), listener);
  }
  const bool several = !listeners.empty();
  if (several) settings.listeners = std::move(listeners);
  // With a list, `listen` (the --listen flag) moves its first element.
  auto& first = settings.listeners.front();
  read_listen(root, first, several ? "" : "127.0.0.1:8443");
  if (several) return;
  read_tls(root.section("tls"), first);
}

}  // namespace slipway::http
