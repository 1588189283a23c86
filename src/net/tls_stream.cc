#include "net/tls_stream.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <new>

#include "net/openssl.h"

namespace slipway::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// With the loop's own executor: the type-erased one costs a virtual call and a copy for every operation.
using Socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

namespace {
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kRecordBytes = 16 << 10;
constexpr std::size_t kUnreadBytes = 4 << 20;  // of a peer that goes on sending after our goodbye

std::string print_endpoint(const asio::ip::address& address, int port) {
  const auto text = address.to_string();
  return address.is_v6() ? fmt::format("[{}]:{}", text, port) : fmt::format("{}:{}", text, port);
}

std::string print_remote(const Socket& socket) {
  error_code failure;
  const auto peer = socket.remote_endpoint(failure);
  if (failure) return "unknown";
  auto address = peer.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return print_endpoint(address, peer.port());
}

SSL* new_ssl(const TlsContext& context) {
  auto* ssl = SSL_new(context.get());
  if (!ssl) throw std::bad_alloc();
  return ssl;
}
}  // namespace

// OpenSSL works on memory: what the socket received goes into `in`, what is to be sent comes out of `out`. Reading
// always suspends, so that no client keeps the loop to itself; writing tries first, which nearly always suffices.
struct TlsStream::Impl {
  Impl(Socket connected, TlsContext shared)
      : context(std::move(shared)), socket(std::move(connected)), remote(print_remote(socket)), ssl(new_ssl(context)) {
    BIO_set_mem_eof_return(in, -1);
    BIO_set_mem_eof_return(out, -1);
    SSL_set_bio(ssl.get(), in, out);
    error_code ignored;
    socket.non_blocking(true, ignored);
    // An answer leaves in one piece, so waiting for more to send only costs time.
    socket.set_option(tcp::no_delay(true), ignored);
  }

  enum class Direction { reading, writing };

  // Runs `step`, a call of OpenSSL that returns 1 when it is done, as often as the socket needs; `step` sets `count`.
  template <class Step>
  asio::awaitable<IoResult> perform(Direction direction, Step step) {
    for (;;) {
      std::size_t count = 0;
      ERR_clear_error();
      const int result = step(count);
      const int reason = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl.get(), result);
      if (BIO_pending(out) > 0) {
        if (const auto error = co_await flush(direction)) co_return IoResult(error, 0);
      }
      if (reason == SSL_ERROR_NONE) co_return IoResult(error_code(), count);
      if (reason == SSL_ERROR_ZERO_RETURN) co_return IoResult(asio::error::eof, 0);
      if (reason != SSL_ERROR_WANT_READ) co_return IoResult(asio::error::fault, 0);
      const auto [error, received] = co_await socket.async_receive(asio::buffer(arrived), kAwait);
      // An end without the peer's goodbye may be somebody else's doing.
      if (error == asio::error::eof) co_return IoResult(asio::error::connection_reset, 0);
      if (error) co_return IoResult(error, 0);
      BIO_write(in, arrived.data(), static_cast<int>(received));
    }
  }

  // Sends what OpenSSL gave. Nothing is remembered over a wait: a reader and a writer may be in here at once. Who only
  // reads does not wait for a peer that does not; its few bytes go out with the next ones.
  asio::awaitable<error_code> flush(Direction direction) {
    while (BIO_pending(out) > 0) {
      error_code error = send_some();
      if (error == asio::error::would_block) {
        if (direction == Direction::reading) break;
        const auto [failure] = co_await socket.async_wait(tcp::socket::wait_write, kAwait);
        error = failure;
      }
      if (error) co_return error;
    }
    co_return error_code();
  }

  error_code send_some() {
    char* data = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(out, &data));
    error_code error;
    const auto sent = socket.send(asio::buffer(data, size), 0, error);
    if (sent == size) {
      (void)BIO_reset(out);
      return error;
    }
    std::array<char, 4 << 10> gone;
    for (auto left = sent; left > 0;)
      left -= static_cast<std::size_t>(BIO_read(out, gone.data(), static_cast<int>(std::min(left, gone.size()))));
    return error;
  }

  asio::awaitable<IoResult> shake_hands() {
    return perform(Direction::writing, [this](std::size_t&) { return SSL_do_handshake(ssl.get()); });
  }

  TlsContext context;  // the choice of a certificate looks into it during the handshake
  Socket socket;
  std::string remote;
  SslPtr ssl;
  BIO* in = BIO_new(BIO_s_mem());   // owned by ssl
  BIO* out = BIO_new(BIO_s_mem());  // likewise
  std::array<char, 8 << 10> arrived;
};

TlsStream::TlsStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsStream::TlsStream(TlsStream&&) noexcept = default;
TlsStream& TlsStream::operator=(TlsStream&&) noexcept = default;
TlsStream::~TlsStream() = default;

namespace {
// Tells the peer and the verification which name is meant. An address is no server name (RFC 6066, section 3).
bool expect_host(SSL* ssl, const std::string& host) {
  error_code failure;
  asio::ip::make_address(host, failure);
  if (!failure) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

// Why an operation failed: OpenSSL's words where the failure was its own.
std::string tls_reason(const error_code& error) {
  const auto code = ERR_peek_error();
  const char* words = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return error == asio::error::fault && words ? words : error.message();
}

base::Error handshake_error(SSL* ssl, const error_code& error, const std::string& host, const std::string& port) {
  const auto verdict = SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK) {
    return base::unavailable(
        fmt::format("the certificate of {}:{} is refused: {}", host, port, X509_verify_cert_error_string(verdict)),
        "CertificateRefused");
  }
  return base::unavailable(fmt::format("{}:{} does not speak TLS with us: {}", host, port, tls_reason(error)),
                           "TlsFailed");
}

base::Error connect_error(const error_code& error, const std::string& host, const std::string& port) {
  if (error == asio::error::connection_refused) {
    return base::unavailable(fmt::format("{}:{} refuses connections: nothing listens there", host, port),
                             "ConnectionRefused");
  }
  return base::unavailable(fmt::format("cannot connect to {}:{}: {}", host, port, error.message()), "ConnectionFailed");
}

// A cancelled wait unwinds; it is no failure of the peer.
void unwind_if_cancelled(const error_code& error) {
  if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
}
}  // namespace

Task<TlsStream> TlsStream::connect(Runtime& runtime, std::string host, std::string port, TlsContext context) {
  tcp::resolver resolver(runtime.io());
  auto [not_found, endpoints] = co_await resolver.async_resolve(host, port, kAwait);
  unwind_if_cancelled(not_found);
  if (not_found) {
    co_return base::unavailable(fmt::format("cannot find the host {}: {}", host, not_found.message()), "NameNotFound");
  }
  Socket socket(runtime.io());
  auto [refused, endpoint] = co_await asio::async_connect(socket, endpoints, kAwait);
  unwind_if_cancelled(refused);
  if (refused) co_return connect_error(refused, host, port);
  auto impl = std::make_unique<Impl>(std::move(socket), std::move(context));
  auto* ssl = impl->ssl.get();
  if (!expect_host(ssl, host)) co_return base::invalid(fmt::format("\"{}\" is no host name", host));
  SSL_set_connect_state(ssl);
  const auto [failed, ignored] = co_await impl->shake_hands();
  unwind_if_cancelled(failed);
  if (failed) co_return handshake_error(ssl, failed, host, port);
  co_return TlsStream(std::move(impl));
}

asio::awaitable<std::string> TlsStream::shake_hands() {
  SSL_set_accept_state(impl_->ssl.get());
  const auto [failed, ignored] = co_await impl_->shake_hands();
  co_return failed ? tls_reason(failed) : std::string();
}

asio::awaitable<IoResult> TlsStream::read_some(char* data, std::size_t size) {
  return impl_->perform(Impl::Direction::reading, [ssl = impl_->ssl.get(), data, size](std::size_t& count) {
    return SSL_read_ex(ssl, data, size, &count);
  });
}

asio::awaitable<IoResult> TlsStream::write_some(const char* data, std::size_t size) {
  // What else is ready goes first. Answers of requests that came together then leave together, and the kernel wakes
  // their reader once; waking it for each of them costs a sixth of a short request.
  co_await asio::post(impl_->socket.get_executor(), kAwait);
  co_return co_await impl_->perform(Impl::Direction::writing,
                                    [ssl = impl_->ssl.get(), data, size = std::min(size, kRecordBytes)](
                                        std::size_t& count) { return SSL_write_ex(ssl, data, size, &count); });
}

asio::awaitable<void> TlsStream::say_goodbye() {
  auto& impl = *impl_;
  ERR_clear_error();
  SSL_shutdown(impl.ssl.get());
  (void)co_await impl.flush(Impl::Direction::writing);
  error_code ignored;
  impl.socket.shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> TlsStream::drain() {
  auto& impl = *impl_;
  for (std::size_t taken = 0; taken < kUnreadBytes;) {
    const auto [error, count] = co_await impl.socket.async_receive(asio::buffer(impl.arrived), kAwait);
    if (error) co_return;
    taken += count;
  }
}

void TlsStream::cancel() {
  error_code ignored;
  impl_->socket.cancel(ignored);
}

void TlsStream::close() {
  error_code ignored;
  impl_->socket.close(ignored);
}

bool TlsStream::is_quiet() {
  if (BIO_pending(impl_->in) > 0 || SSL_pending(impl_->ssl.get()) > 0) return false;
  error_code error;
  char byte = 0;
  impl_->socket.receive(asio::buffer(&byte, 1), tcp::socket::message_peek, error);
  return error == asio::error::would_block;
}

bool TlsStream::peer_ended() {
  pollfd state{.fd = impl_->socket.native_handle(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&state, 1, 0) > 0;
}

const std::string& TlsStream::remote() const {
  return impl_->remote;
}

namespace {
// A plain connection to a program beside us.
class LoopbackStream final : public ByteStream {
 public:
  explicit LoopbackStream(Socket socket) : socket_(std::move(socket)) {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
  }

  asio::awaitable<IoResult> read_some(char* data, std::size_t size) override {
    return socket_.async_receive(asio::buffer(data, size), kAwait);
  }
  asio::awaitable<IoResult> write_some(const char* data, std::size_t size) override {
    return socket_.async_send(asio::buffer(data, size), kAwait);
  }
  asio::awaitable<void> end_sending() override {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    co_return;
  }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  Socket socket_;
};
}  // namespace

Task<std::unique_ptr<ByteStream>> connect_loopback(Runtime& runtime, std::uint16_t port) {
  Socket socket(runtime.io());
  const auto address = asio::ip::address_v4::loopback();
  const auto [refused] = co_await socket.async_connect(tcp::endpoint(address, port), kAwait);
  unwind_if_cancelled(refused);
  if (refused) co_return connect_error(refused, address.to_string(), fmt::to_string(port));
  co_return std::unique_ptr<ByteStream>(std::make_unique<LoopbackStream>(std::move(socket)));
}

struct TlsListener::Impl {
  explicit Impl(asio::io_context& io) : acceptor(io), accepted(io) {}

  Acceptor acceptor;
  Socket accepted;
};

TlsListener::TlsListener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsListener::TlsListener(TlsListener&&) noexcept = default;
TlsListener& TlsListener::operator=(TlsListener&&) noexcept = default;
TlsListener::~TlsListener() = default;

namespace {
base::Error listen_error(const error_code& error, const std::string& place) {
  if (error == asio::error::address_in_use) {
    return base::conflict(fmt::format(
        "{} is taken by another program: stop that one, or listen elsewhere (port 0 takes a free one)", place));
  }
  if (error == asio::error::access_denied) {
    auto refused = base::unavailable(
        fmt::format("may not listen on {}: ports below 1024 need a privilege (CAP_NET_BIND_SERVICE)", place));
    refused.kind = base::ErrorKind::forbidden;
    return refused;
  }
  return base::unavailable(fmt::format("cannot listen on {}: {}", place, error.message()));
}
}  // namespace

base::Result<TlsListener> TlsListener::open(Runtime& runtime, const std::string& address, int port) {
  error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) return base::invalid(fmt::format("\"{}\" is no IP address to listen on", address));
  const auto place = print_endpoint(ip, port);
  const tcp::endpoint endpoint(ip, static_cast<unsigned short>(port));
  auto impl = std::make_unique<Impl>(runtime.io());
  auto& acceptor = impl->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return listen_error(error, place);
  return TlsListener(std::move(impl));
}

int TlsListener::port() const {
  error_code ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

asio::awaitable<error_code> TlsListener::accept() {
  auto [error] = co_await impl_->acceptor.async_accept(impl_->accepted, kAwait);
  co_return error;
}

TlsStream TlsListener::take(TlsContext context) {
  Socket socket = std::exchange(impl_->accepted, Socket(impl_->acceptor.get_executor()));
  return TlsStream(std::make_unique<TlsStream::Impl>(std::move(socket), std::move(context)));
}

void TlsListener::close() {
  error_code ignored;
  impl_->acceptor.close(ignored);
}

}  // namespace slipway::net
