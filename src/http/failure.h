#pragma once
// The one place where a request's error is logged. Used by the dispatcher and by surfaces, each for its own errors.

#include "base/error.h"
#include "http/message.h"

namespace slipway::http {

// Nothing where the error is the caller's doing: the access log has its status.
void log_failure(const Request& request, const base::Error& error);

}  // namespace slipway::http
