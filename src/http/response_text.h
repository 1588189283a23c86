#pragma once
// A Response as bytes. Used by the session.

#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/message.h"

namespace slipway::http {

struct ResponseFraming {
  std::string_view request_id{};  // x-amzn-RequestId; empty: none
  bool is_head = false;           // the body's length without the body
  bool closes = false;            // Connection: close
  bool is_http_1_0 = false;       // a streamed body ends with the connection, as chunks are unknown there
};

// Replaces `out` with header and body (a streamed one follows) in one piece, to leave in one TLS record where it fits.
// A header of the response with a control character in it is left out and logged: it is a handler's mistake.
void write_response(const Response& response, const ResponseFraming& framing, base::Time now, std::string& out);

}  // namespace slipway::http
