#pragma once
// The operator API under /slipway (openapi/operator.yaml): environments with their causal chains, access keys. Made by
// the composition root.

#include <memory>
#include <string_view>

#include "auth/access_keys.h"
#include "broker/environments.h"
#include "broker/types.h"
#include "http/surface.h"
#include "net/runtime.h"

namespace slipway::surface::operator_api {

// What its operations work with; all of it outlives the surface.
struct Services {
  net::Runtime& runtime;
  broker::Environments& environments;
  broker::TypeRegistry& types;
  auth::AccessKeys& keys;
};

class OperatorSurface final : public http::Surface {
 public:
  // Throws where its own OpenAPI document is broken, or names an operation that is not there: a bug of the build.
  explicit OperatorSurface(Services services);
  ~OperatorSurface() override;

  std::string_view name() const override { return "operator"; }
  bool owns(std::string_view path) const override;
  const http::Router& router() const override;
  bool is_public(const http::Request&) const override { return false; }
  std::size_t upload_limit(std::string_view path) const override;
  http::Response no_route(const http::Request& request, const http::Router::Match& match) const override;
  http::Response error(const http::Request& request, const base::Error& error) const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::surface::operator_api
