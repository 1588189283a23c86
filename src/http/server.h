#pragma once
// Listeners and their connections: HTTP/1.1 over TLS. Routes to surfaces and runs the middleware list around handlers.
// Built and stopped by the composition root. Knows no surface by name.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/reader.h"
#include "http/middleware.h"
#include "http/surface.h"
#include "net/runtime.h"
#include "net/tls.h"
#include "observe/metrics.h"

namespace slipway::http {

struct Limits {
  std::size_t header_bytes = 16 << 10;             // request line and header fields; more is 431; 1 KiB to 1 MiB
  std::size_t body_bytes = 1 << 20;                // more is 413; up to 1 GiB
  int uploads = 8;                                 // larger bodies, of surfaces with uploads, at once; more are 429
  std::chrono::milliseconds request_time{30'000};  // TLS handshake, and first to last byte of a request (408)
  std::chrono::milliseconds answer_time{30'000};   // the client takes an answer
  std::chrono::milliseconds idle_time{75'000};     // between two requests of a connection
  std::chrono::milliseconds stop_time{25'000};     // what is in flight may take at stop()
  int connections = 1024;                          // per listener; more are closed at once
  int requests_in_flight = 256;                    // of all listeners; more are 429
};

struct ListenerSettings {
  std::string address = "127.0.0.1";
  int port = 8443;                                  // 0: the system chooses
  std::vector<std::string> surfaces;                // by name; empty: all
  std::vector<net::CertificateFiles> certificates;  // several are told apart by SNI; empty: the broker's own
};

struct ServerSettings {
  Limits limits;
  std::vector<ListenerSettings> listeners{ListenerSettings{}};
  // Base of every URL that is answered, such as https://broker.example.org; empty: the first listener's.
  std::string public_url;
};

// Reads `http.*`, `listeners` (or the short form `listen: ADDR:PORT`, `tls.certificate`, `tls.key`) and `public_url`.
void read_settings(config::Section root, ServerSettings& settings);
// "127.0.0.1:8443", "[::1]:0", ":8443" (all addresses).
base::Result<ListenerSettings> parse_listen(std::string_view text);

class Server {
 public:
  // `surfaces`: asked in order, the first that owns a path answers. `middlewares`: run in order around every handler.
  // All outlive the server. Every listener's `certificates` are filled in.
  Server(net::Runtime& runtime, observe::Metrics& metrics, const base::Clock& clock, ServerSettings settings,
         std::vector<const Surface*> surfaces, std::vector<Middleware*> middlewares);
  ~Server();  // requires that stop() has returned, or that start() was never called or failed

  // Reads the certificates and binds every listener: from here on clients can connect, and wait. Blocks for some
  // milliseconds. Errors: invalid (a name that is no surface, an address, a certificate), unavailable or forbidden
  // (port taken, not ours), each with the remedy.
  base::Result<void> listen();
  // Begins to answer. After listen().
  void start();
  // https://ADDRESS:PORT of every listener in order, with the real port; an unspecified address as 127.0.0.1.
  std::vector<std::string> urls() const;
  // Reads every listener's certificates again; see ServerTls::reload. On an error the other listeners still change.
  base::Result<void> reload_certificates();
  // Closes the listeners and idle connections, lets requests in flight finish for limits.stop_time, then cancels them.
  // Returns when no connection is left. Twice is harmless; not cancelled from outside.
  boost::asio::awaitable<void> stop();
  // Ends a running or coming stop() without waiting for requests in flight. On the I/O thread.
  void stop_now();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::http
