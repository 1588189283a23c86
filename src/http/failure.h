#pragma once
// What every surface does with an error of a request: log it, in one place, and give it a status. Used by the
// dispatcher and by surfaces, each for its own errors.

#include "base/error.h"
#include "http/message.h"

namespace slipway::http {

// Nothing where the error is the caller's doing: the access log has its status.
void log_failure(const Request& request, const base::Error& error);

// The HTTP status that says it, where a surface's dialect has no other (RFC 9110, 15.5 and 15.6; RFC 6585, 4).
int status_of(base::ErrorKind kind);

}  // namespace slipway::http
