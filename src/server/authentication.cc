#include "server/authentication.h"

namespace slipway::server {

net::Task<void> Authentication::before(http::Request& request, const http::Surface& surface) {
  if (surface.is_public(request)) co_return base::Result<void>();
  auto principal = CO_TRY(authenticator_.authenticate(
      {.method = request.method, .target = request.target, .headers = request.headers, .body = request.body}));
  request.caller = {.id = std::move(principal.access_key_id),
                    .name = std::move(principal.arn),
                    .administrator = principal.rights == auth::Rights::administrator,
                    .types = principal.rights != auth::Rights::user};
  co_return base::Result<void>();
}

}  // namespace slipway::server
