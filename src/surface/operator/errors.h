#pragma once
// The operator API's form of everything that goes wrong: {"kind", "message", "code", "field"}.

#include <vector>

#include "base/error.h"
#include "http/message.h"
#include "http/openapi.h"

namespace slipway::surface::operator_api {

http::Response error_response(const base::Error& error);
// All of them in one message.
base::Error shape_error(const std::vector<http::Violation>& violations);

}  // namespace slipway::surface::operator_api
