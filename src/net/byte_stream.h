#pragma once
// A connection as a sequence of bytes both ways, whatever carries it: what a proxy joins. Everything on the I/O thread.

#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <memory>
#include <tuple>

#include "net/runtime.h"
#include "net/task.h"

namespace slipway::net {

using IoResult = std::tuple<boost::system::error_code, std::size_t>;

// At most one reading and one writing operation at a time; the stream outlives its operations. Cancellation ends an
// operation with operation_aborted, as an error or an exception.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Reads at least one byte; eof at the peer's end. The memory stays in place until then.
  virtual boost::asio::awaitable<IoResult> read_some(char* data, std::size_t size) = 0;
  // Writes a part. The memory stays in place until then.
  virtual boost::asio::awaitable<IoResult> write_some(const char* data, std::size_t size) = 0;
  // The peer is told that nothing more is written; it may go on writing.
  virtual boost::asio::awaitable<void> end_sending() = 0;
  // Ends everything at once, with the operations under way. Twice is harmless.
  virtual void close() = 0;
};

// Connects to a program on this machine, without TLS: 127.0.0.1 at `port`. Errors: unavailable with code
// ConnectionRefused or ConnectionFailed. Has no deadline of its own; cancellation unwinds.
Task<std::unique_ptr<ByteStream>> connect_loopback(Runtime& runtime, std::uint16_t port);

// Hands on what each of the two sends to the other, until both have ended or one of them fails; at most 16 KiB of each
// way is in memory, so the slower one sets the pace. Closes neither. Cancellation unwinds.
boost::asio::awaitable<void> relay(Runtime& runtime, ByteStream& a, ByteStream& b);

}  // namespace slipway::net
