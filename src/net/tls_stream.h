#pragma once
// TLS connections over TCP as the HTTP session and the HTTP client see them; connect_loopback() of byte_stream.h as
// well. The one place where Asio's sockets and TLS stream are instantiated: their templates cost tens of seconds in
// each file that sees them (contracts/cpp-facts.md). Knows no HTTP. Everything on the I/O thread.

#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <memory>
#include <optional>
#include <string>

#include "net/byte_stream.h"
#include "net/runtime.h"
#include "net/task.h"
#include "net/tls.h"

namespace slipway::net {

// One connection. At most one reading and one writing operation at a time; the stream outlives its operations.
class TlsStream {
 public:
  // Resolves `host` (a name or an address), connects and shakes hands; the peer's certificate must be for `host`.
  // Errors: unavailable with code NameNotFound, ConnectionRefused, ConnectionFailed, CertificateRefused or TlsFailed.
  // Has no deadline of its own; cancellation unwinds.
  static Task<TlsStream> connect(Runtime& runtime, std::string host, std::string port, TlsContext context);
  TlsStream(TlsStream&&) noexcept;
  TlsStream& operator=(TlsStream&&) noexcept;
  ~TlsStream();

  // The server's side of the handshake, before anything else on a stream from TlsListener. Empty on success, else why.
  boost::asio::awaitable<std::string> shake_hands();

  // Reads at least one byte. The memory stays in place until then. At the peer's end: eof; where the connection ends
  // without the peer's close_notify, another error.
  boost::asio::awaitable<IoResult> read_some(char* data, std::size_t size);
  // Writes a part, at most one TLS record (16 KiB). The memory stays in place until then.
  boost::asio::awaitable<IoResult> write_some(const char* data, std::size_t size);
  // Says goodbye (close_notify): nothing is written after it.
  boost::asio::awaitable<void> say_goodbye();
  // After the goodbye: takes what the peer still sends and waits for its end; close() cuts that short. Closing on
  // unread bytes would reset the connection, and what was written last could be lost (RFC 9112, section 9.6).
  boost::asio::awaitable<void> drain();

  // The operations under way end with operation_aborted; the connection stays usable.
  void cancel();
  // Ends everything at once. Twice is harmless.
  void close();
  // True where the peer has sent nothing unread and has not closed: a kept connection may be used again.
  bool is_quiet();
  // True where the peer has closed, or will send nothing more; what it sent before may be unread.
  bool peer_ended();
  // "127.0.0.1:40000", "[::1]:40000".
  const std::string& remote() const;

 private:
  friend class TlsListener;
  struct Impl;
  explicit TlsStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A listening socket.
class TlsListener {
 public:
  // `address`: an IP address; "::" takes IPv4 as well. `port` 0: the system chooses. Errors: invalid (no address),
  // conflict (port taken), forbidden (a port below 1024), unavailable (not an address of this machine).
  static base::Result<TlsListener> open(Runtime& runtime, const std::string& address, int port);
  TlsListener(TlsListener&&) noexcept;
  TlsListener& operator=(TlsListener&&) noexcept;
  ~TlsListener();

  int port() const;
  // Waits for the next connection; an error where the system has no room for it, or after close().
  boost::asio::awaitable<boost::system::error_code> accept();
  // The connection that accept() took, once.
  TlsStream take(TlsContext context);
  void close();

 private:
  struct Impl;
  explicit TlsListener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::net
