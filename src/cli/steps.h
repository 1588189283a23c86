#pragma once
// The operator API's answer to "why": the chain from request through steps to the failing command. Used by `slipway
// why` and, for the step that runs now, by the progress bar.

#include <boost/json/value.hpp>
#include <string>

#include "cli/client.h"
#include "cli/wait.h"

namespace slipway::cli {

// GET /slipway/v1/environments/{name}/why.
base::Result<boost::json::value> fetch_why(const Client& client, const std::string& name);

// Fills the step of `look`. A server without the operator API (AWS itself) leaves it as it is.
void add_current_step(const Client& client, const std::string& name, Look& look);

// The chain as lines for people, oldest first.
std::string describe_why(const boost::json::value& why);

}  // namespace slipway::cli
