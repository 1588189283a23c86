#pragma once
// Bytes to a Request: HTTP/1.1 syntax, its bounds, and what keeps two parties from seeing different requests in the
// same bytes (RFC 9112, sections 6 and 11.2). No socket; used by the session.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace slipway::http {

// How a request that cannot be served is answered; the connection ends after it.
struct Refusal {
  int status = 400;
  std::string message;
  Headers headers{};
};

class RequestParser {
 public:
  struct Bounds {
    std::size_t header_bytes = 0;
    std::size_t body_bytes = 0;
    std::function<bool(std::string_view path)> hands_on{};             // Surface::hands_on: its body has no bound
    std::function<std::size_t(std::string_view path)> upload_limit{};  // Surface::upload_limit
    // Called once for a request whose body will have, or has, more than `body_bytes`: false where there is no room for
    // one, which is a refusal.
    std::function<bool()> begin_upload{};
  };
  explicit RequestParser(Bounds bounds);
  ~RequestParser();

  // Makes ready for the next request of the connection.
  void reset();

  enum class State {
    nothing,   // no byte of it yet
    header,    // more of the header is needed
    body,      // the header is complete, the body not
    complete,  // request() may be taken
    refused,   // refusal() says why
  };
  // Takes bytes from the front of `bytes` and gives how many. Bytes that are not taken are to be offered again, with
  // more behind them. Empty lines before a request are skipped. Takes nothing once complete or refused.
  std::size_t put(std::string_view bytes);

  State state() const;
  const Refusal& refusal() const;
  // True where the header is complete, no byte of the body has come and the client waits for "100 Continue".
  bool wants_continue() const;
  // What is known of it, method, target and headers from State::body on; also where it is refused.
  Request& request();
  bool is_http_1_0() const;
  // Whether this request's body has no bound: take what there is of it out of request().body after each put().
  bool streams() const;
  // Whether the client wants the connection to stay open after this request.
  bool keep_alive() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::http
