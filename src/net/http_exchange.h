#pragma once
// HTTP/1.1 requests and their answers over one connection, a part at a time, whatever carries the bytes. Used by the
// HTTP client and by what hands requests on. Knows no URL and no deadline; cancellation unwinds as an exception.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/byte_stream.h"

namespace slipway::net {

// An answer's status and header fields, as received and in order.
struct HttpHead {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
};

struct HttpBounds {
  std::size_t header_bytes = 64 << 10;
  std::optional<std::size_t> body_bytes{};  // none: who reads the parts bounds them
};

class HttpExchange {
 public:
  // `peer`: how errors call the other side. The stream outlives it.
  HttpExchange(ByteStream& stream, std::string peer, HttpBounds bounds = {});
  ~HttpExchange();

  // Sends bytes of a request, framed by the caller; an answer may be read meanwhile. Errors: unavailable with code
  // ConnectionFailed; what the peer said before it stopped reading may still be read.
  Task<void> send(std::string bytes);
  // The answer's head; those with a status of 1xx before it are skipped, but for 101. `is_head`: the request was HEAD,
  // so no body follows. Errors: unavailable with code ConnectionFailed; internal with code BadAnswer or AnswerTooLarge.
  Task<HttpHead> read_head(bool is_head);
  // The next part of the body, without its framing; empty at its end. Errors: the same.
  Task<std::string> read_part();
  // What has come behind a head with status 101: not HTTP any more. Once.
  std::string take_rest();

  bool got_some() const;    // any byte of an answer
  bool keep_alive() const;  // the answer is complete and the connection may be used again

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::net
