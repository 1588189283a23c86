#pragma once
// GET /health and GET /metrics: a surface of its own, named "probes", without authentication.

#include <functional>

#include "base/result.h"
#include "http/surface.h"
#include "observe/metrics.h"

namespace slipway::http {

class Probes final : public Surface {
 public:
  // `health`: run for every GET /health on the I/O thread; 200 {"status":"ok"} or 503 with its error's message.
  Probes(observe::Metrics& metrics, std::function<base::Result<void>()> health);

  std::string_view name() const override { return "probes"; }
  bool owns(std::string_view path) const override;
  const Router& router() const override { return router_; }
  bool is_public(const Request&) const override { return true; }
  Response no_route(const Request& request, const Router::Match& match) const override;
  Response error(const Request& request, const base::Error& error) const override;

 private:
  Router router_;
};

}  // namespace slipway::http
