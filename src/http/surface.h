#pragma once
// One API dialect as the server sees it: which paths are its own, its routes, and its words for what goes wrong before
// a handler is reached. The server asks surfaces in order; the first that owns the path answers.

#include <cstddef>
#include <string_view>

#include "base/error.h"
#include "http/message.h"
#include "http/router.h"

namespace slipway::http {

class Surface {
 public:
  virtual ~Surface() = default;
  virtual std::string_view name() const = 0;  // as listeners name it: "parallelcluster"
  virtual bool owns(std::string_view path) const = 0;
  virtual const Router& router() const = 0;
  // True where this request needs no authentication, such as a presigned or public path.
  virtual bool is_public(const Request& request) const = 0;
  // True where a request for `path` goes on to another server. Handlers read its body as it comes, however long,
  // through Request::incoming; of every other the whole body is there, within http.body_limit. Its target may be one
  // that does not decode, and is then as parse_foreign_target has it.
  virtual bool hands_on(std::string_view /*path*/) const { return false; }
  // What a body of a request for `path` may have where http.body_limit is less: for uploads. 0: http.body_limit counts.
  virtual std::size_t upload_limit(std::string_view /*path*/) const { return 0; }
  // Where the path has no route (`match.path_known` tells an unknown method from an unknown path).
  virtual Response no_route(const Request& request, const Router::Match& match) const = 0;
  // The dialect's form of an error raised by the server or a middleware: authentication, limits, an exception.
  virtual Response error(const Request& request, const base::Error& error) const = 0;
};

}  // namespace slipway::http
