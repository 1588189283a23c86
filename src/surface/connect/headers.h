#pragma once
// What of a request and of its answer is handed on, and in what form (RFC 9110, section 7.6): pure functions over
// header fields. Used by the proxy.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "broker/provider.h"
#include "http/message.h"
#include "net/http_exchange.h"

namespace slipway::surface::connect {

// Of all Cookie headers, in order.
std::vector<std::pair<std::string_view, std::string_view>> cookies(const http::Headers& headers);

// Whether the client wants to speak WebSocket from here on (RFC 6455, section 4.1).
bool wants_websocket(const http::Request& request);

// Whether the request comes from a page of this broker, or from no page. `public_url`: how it is called from outside.
bool is_from_here(const http::Request& request, std::string_view public_url);

// How the body of a request to the endpoint is framed.
enum class Framing { none, length, chunked };
Framing framing_of(const http::Request& request);

// Request line and header fields for the endpoint, with the empty line. The client's credentials stay here: its pass
// and its Authorization; the endpoint's own is put in.
std::string request_head(const http::Request& request, const base::EnvironmentId& environment,
                         const broker::Endpoint& endpoint);

// Status and header fields for the client; the body is the caller's matter. Places of redirects and cookies are brought
// below connect_path(environment).
http::Response answer_head(net::HttpHead head, const base::EnvironmentId& environment,
                           const broker::Endpoint& endpoint);

}  // namespace slipway::surface::connect
