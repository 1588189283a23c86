#pragma once
// For tests of net and what stands on it: a folder that goes away, certificates, a client that speaks raw TLS and a
// server's end that speaks anything, both over blocking sockets, so that they can misbehave as ours never would.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/openssl.h"
#include "net/self_signed.h"

namespace slipway::net {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = "/tmp/slipway-test-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class FakeClock final : public base::Clock {
 public:
  base::Time time = base::system_clock().now();
  base::Time now() const override { return time; }
};

inline SelfSigned self_signed(const std::filesystem::path& folder,
                              const std::vector<std::string>& names = {"localhost", "127.0.0.1"}) {
  auto made = ensure_self_signed(folder, names, base::system_clock());
  if (!made) throw std::runtime_error(made.error().message);
  return *made;
}

struct RawOptions {
  std::string server_name;  // SNI, where not empty
  int max_version = TLS1_3_VERSION;
  bool handshake = true;           // false: a bare TCP connection
  const char* from = "127.0.0.1";  // the client's own address
};

// Throws where the connection or the handshake fails. Every read ends after 20 s at the latest.
class RawClient {
 public:
  explicit RawClient(int port, const RawOptions& options = {}) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes where the server may have closed
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    ::inet_pton(AF_INET, options.from, &address.sin_addr);
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) fail("bind");
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) fail("connect");
    if (options.handshake) shake_hands(options);
  }
  ~RawClient() {
    SSL_free(ssl_);
    if (socket_ >= 0) ::close(socket_);
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False where the connection is gone.
  bool send(std::string_view text) {
    if (!ssl_) return ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
    return SSL_write(ssl_, text.data(), static_cast<int>(text.size())) > 0;
  }
  // Some bytes; empty at the end.
  std::string receive() {
    std::string text(16 << 10, '\0');
    const auto got = ssl_ ? SSL_read(ssl_, text.data(), static_cast<int>(text.size()))
                          : static_cast<int>(::recv(socket_, text.data(), text.size(), 0));
    ERR_clear_error();
    text.resize(static_cast<std::size_t>(std::max(got, 0)));
    return text;
  }
  // Everything up to the end.
  std::string receive_all() {
    std::string all;
    for (auto text = receive(); !text.empty(); text = receive()) all += text;
    return all;
  }
  // One answer whose header has a Content-Length; what follows it is kept for the next call.
  std::string receive_answer(bool has_body = true) {
    std::size_t end = std::string::npos;
    while ((end = kept_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return std::exchange(kept_, {});
    }
    end += 4;
    const auto length = kept_.find("Content-Length: ");
    const std::size_t body = has_body && length < end ? std::stoul(kept_.substr(length + 16)) : 0;
    while (kept_.size() < end + body && more()) {
    }
    auto answer = kept_.substr(0, end + body);
    kept_.erase(0, answer.size());
    return answer;
  }
  void close_sending() {
    if (ssl_) SSL_shutdown(ssl_);
    ::shutdown(socket_, SHUT_WR);
  }
  std::string version() const { return SSL_get_version(ssl_); }
  bool reused() const { return SSL_session_reused(ssl_) == 1; }
  // Common name of the peer's certificate.
  std::string subject() const {
    const X509Ptr certificate(SSL_get1_peer_certificate(ssl_));
    char name[256] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name, sizeof(name));
    return name;
  }

 private:
  [[noreturn]] void fail(const std::string& what) {
    SSL_free(std::exchange(ssl_, nullptr));
    ::close(std::exchange(socket_, -1));
    ERR_clear_error();
    throw std::runtime_error(what);
  }

  void shake_hands(const RawOptions& options) {
    const SslContextPtr context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context.get(), options.max_version);
    ssl_ = SSL_new(context.get());
    SSL_set_fd(ssl_, socket_);
    if (!options.server_name.empty()) SSL_set_tlsext_host_name(ssl_, options.server_name.c_str());
    if (SSL_connect(ssl_) != 1) fail("handshake");
  }

  bool more() {
    const auto text = receive();
    kept_ += text;
    return !text.empty();
  }

  int socket_;
  SSL* ssl_ = nullptr;
  std::string kept_;
};

// A program on a port of this machine, that a proxy leads to.
class Upstream {
 public:
  Upstream() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_, 1), 0);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
  ~Upstream() { ::close(socket_); }
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;
  int accept() const { return ::accept(socket_, nullptr, nullptr); }
  std::uint16_t port = 0;

 private:
  int socket_;
};

}  // namespace slipway::net
