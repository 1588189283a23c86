#pragma once
// The server's refusals as one clear sentence for a person at a terminal.

#include "base/error.h"

namespace slipway::cli {

struct Answer;
struct Connection;

// Of an answer whose status is not 2xx. The lines of evidence are the configuration's errors, one each; with 401 and
// 403 they say which access key was used and where it came from.
base::Error error_of(const Answer& answer, const Connection& connection);

}  // namespace slipway::cli
