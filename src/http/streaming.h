#pragma once
// Bodies that are not held whole. A request's, read as it comes (Request::incoming). Answers that are not a body of
// known length: one that is written over time, such as an event stream, and a connection that changes hands after a
// 101. A handler puts the function into its Response; the session runs it once the header is on its way. Knows no
// socket.
//
// Such a function is cancelled (its wait throws, as in any TaskGroup) when the client is gone, and when the server
// stops: a stream then ends as one that is complete. It is no request in flight any more: such limits do not count it.
//
// An answer may begin before the request's body was read. What reads it then is a task in Request::beside: it goes on
// while the answer is written and behind its end, and the connection closes after both. It is cancelled where the
// answer is not written whole, and when the server stops.

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>

#include "net/byte_stream.h"
#include "net/task.h"

namespace slipway::http {

class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // The next part; empty at the end. Errors: invalid where what comes is no HTTP; timed_out where nothing comes for
  // `http.request_time`; unavailable where the client is gone. One task at a time. May be cancelled, and then is not
  // used again.
  virtual net::Task<std::string> read() = 0;
};

class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  // Sends one chunk, and returns when the system has taken it: whoever produces waits for who reads, and keeps what
  // comes meanwhile within bounds. False where the client is gone or took nothing for `http.answer_time`; so are all
  // later ones. An empty chunk is none.
  virtual boost::asio::awaitable<bool> write(std::string chunk) = 0;
  // What was written is not all: the client shall see that. Nothing is written after it.
  virtual void cut_off() = 0;
};

// Returns where the body is complete.
using StreamBody = std::function<boost::asio::awaitable<void>(BodyWriter&)>;

// Has the connection's bytes from behind the request's header on. Reads wait as long as it takes, writes fail where the
// client takes nothing for `http.answer_time`. The connection is closed when it returns.
using Tunnel = std::function<boost::asio::awaitable<void>(net::ByteStream& client)>;

}  // namespace slipway::http
