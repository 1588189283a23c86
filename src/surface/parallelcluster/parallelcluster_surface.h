#pragma once
// The AWS ParallelCluster API v3 (contracts: parallelcluster-api.md; openapi/parallelcluster.yaml), under /v3 and under
// /prod/v3, the stage form. Made by the composition root. Translates; what is true is the broker's.

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/secret.h"
#include "broker/environments.h"
#include "http/surface.h"

namespace slipway::surface::parallelcluster {

struct Settings {
  std::string default_region = "local";  // of a request that names none
  base::Secret link_key;                 // seals the links to configuration documents
};

class ParallelClusterSurface final : public http::Surface {
 public:
  // References outlive it. Throws where its own OpenAPI document is broken: that is a bug of the build.
  ParallelClusterSurface(broker::Environments& environments, const base::Clock& clock, Settings settings);
  ~ParallelClusterSurface() override;

  // The base of the links it answers, such as https://broker.example.org; before the first request.
  void set_base_url(std::string url);

  std::string_view name() const override { return "parallelcluster"; }
  bool owns(std::string_view path) const override;
  const http::Router& router() const override;
  bool is_public(const http::Request& request) const override;
  http::Response no_route(const http::Request& request, const http::Router::Match& match) const override;
  http::Response error(const http::Request& request, const base::Error& error) const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::surface::parallelcluster
