#pragma once
// Connections through the broker, below /slipway/connect/ENVIRONMENT/: what the program of an environment serves over
// HTTP and WebSocket, for who has been given a way in. A ticket in the URL (broker/tickets.h), good once, becomes a
// pass (passes.h), good for hours; with it, requests are handed on (proxy.h). Made by the composition root.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "broker/environments.h"
#include "http/surface.h"
#include "net/runtime.h"

namespace slipway::surface::connect {

struct Services {
  net::Runtime& runtime;
  broker::Environments& environments;
  const base::Clock& clock;
  base::Secret key;  // seals passes
  // Whether a caller of that name may still come in: a revoked key ends its passes.
  std::function<bool(std::string_view who)> is_known;
};

class ConnectSurface final : public http::Surface {
 public:
  static constexpr std::string_view kPrefix = "/slipway/connect/";

  explicit ConnectSurface(Services services);
  ~ConnectSurface() override;

  std::string_view name() const override { return "connect"; }
  bool owns(std::string_view path) const override { return path.starts_with(kPrefix); }
  bool hands_on(std::string_view) const override { return true; }
  const http::Router& router() const override;
  // It has its own way in, which browsers can go.
  bool is_public(const http::Request&) const override { return true; }
  http::Response no_route(const http::Request& request, const http::Router::Match& match) const override;
  http::Response error(const http::Request& request, const base::Error& error) const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::surface::connect
