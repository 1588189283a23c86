#pragma once
// What becomes of every error of a request, whoever answers it: a line in the log, the header that says when to come
// back, a status. Used by the dispatcher and by surfaces, each for its own errors.

#include "base/error.h"
#include "http/message.h"

namespace slipway::http {

// `response`, which says `error` in the surface's words, as it goes out: with Retry-After (seconds) where the error has
// a time to come back. Logs the error, unless it is the caller's doing: the access log has its status.
Response failed(const Request& request, const base::Error& error, Response response);

// The HTTP status that says it, where a surface's dialect has no other (RFC 9110, 15.5 and 15.6; RFC 6585, 4).
int status_of(base::ErrorKind kind);

}  // namespace slipway::http
