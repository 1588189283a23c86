#pragma once
// The middleware that finds out who calls: adapts auth's authenticator to http's interface.

#include "auth/sigv4_authenticator.h"
#include "http/middleware.h"

namespace slipway::server {

class Authentication final : public http::Middleware {
 public:
  explicit Authentication(auth::Sigv4Authenticator& authenticator) : authenticator_(authenticator) {}

  std::string_view name() const override { return "authentication"; }
  net::Task<void> before(http::Request& request, const http::Surface& surface) override;
  void after(const http::Request&, const http::Surface&, http::Response&) override {}

 private:
  auth::Sigv4Authenticator& authenticator_;
};

}  // namespace slipway::server
