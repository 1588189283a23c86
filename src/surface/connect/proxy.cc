#include "surface/connect/proxy.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "net/byte_stream.h"
#include "net/http_exchange.h"
#include "surface/connect/headers.h"

namespace slipway::surface::connect {

namespace {

using boost::asio::awaitable;

// What has come behind the handshake's answer, then what the connection brings.
class AfterHandshake final : public net::ByteStream {
 public:
  AfterHandshake(net::ByteStream& stream, std::string first) : stream_(stream), first_(std::move(first)) {}

  awaitable<net::IoResult> read_some(char* data, std::size_t size) override {
    if (first_.empty()) co_return co_await stream_.read_some(data, size);
    const auto count = std::min(size, first_.size());
    std::copy_n(first_.data(), count, data);
    first_.erase(0, count);
    co_return net::IoResult({}, count);
  }
  awaitable<net::IoResult> write_some(const char* data, std::size_t size) override {
    return stream_.write_some(data, size);
  }
  awaitable<void> end_sending() override { return stream_.end_sending(); }
  void close() override { stream_.close(); }

 private:
  net::ByteStream& stream_;
  std::string first_;
};

// One connection to the program, for one request. Lives as long as the answer is on its way.
struct Link {
  explicit Link(std::unique_ptr<net::ByteStream> opened, const broker::Endpoint& endpoint)
      : stream(std::move(opened)), http(*stream, fmt::format("the program on port {}", endpoint.port)) {}

  std::unique_ptr<net::ByteStream> stream;
  net::HttpExchange http;
};
using LinkPtr = std::shared_ptr<Link>;

// Runs one part of an exchange, which has its own patience: a long body takes as long as it comes.
template <class T>
net::Task<T> patiently(net::Runtime& runtime, const broker::Endpoint& endpoint, std::function<net::Task<T>()> part) {
  co_return co_await net::with_deadline<T>(
      runtime, net::in(kPatience),
      fmt::format("The program on port {} did not answer within {} minutes.", endpoint.port, kPatience.count()),
      std::move(part));
}

net::Task<void> send(net::Runtime& runtime, const broker::Endpoint& endpoint, Link& link, std::string bytes) {
  return patiently<void>(runtime, endpoint, [&link, bytes = std::move(bytes)] { return link.http.send(bytes); });
}

// A program that refuses a body may answer and stop reading: what it says counts then.
net::Task<void> send_body(net::Runtime& runtime, const broker::Endpoint& endpoint, Link& link, http::Request& request) {
  const auto framing = framing_of(request);
  if (framing == Framing::none) co_return base::Result<void>();
  for (;;) {
    auto part = CO_TRY(co_await request.incoming->read());
    const bool last = part.empty();
    if (framing == Framing::chunked) part = last ? "0\r\n\r\n" : fmt::format("{:x}\r\n{}\r\n", part.size(), part);
    const auto sent = co_await send(runtime, endpoint, link, std::move(part));
    if (!sent && sent.error().kind == base::ErrorKind::timed_out) co_return sent;
    if (last || !sent) co_return base::Result<void>();
  }
}

// Runs `work` over the link for as long as the client may stay; false where it had to leave.
awaitable<bool> stay(net::Runtime& runtime, LinkPtr link, Leave leave, std::function<awaitable<void>()> work) {
  const auto watched = leave.watch([&link] { link->stream->close(); });
  co_return co_await net::finish_before(runtime, leave.until, std::move(work));
}

awaitable<void> copy_body(Link& link, http::BodyWriter& client) {
  for (;;) {
    auto part = co_await link.http.read_part();
    if (!part) co_return client.cut_off();
    if (part->empty() || !co_await client.write(std::move(*part))) co_return;
  }
}

}  // namespace

net::Task<http::Response> hand_on(net::Runtime& runtime, http::Request& request, base::EnvironmentId environment,
                                  broker::Endpoint endpoint, Leave leave) {
  auto link = std::make_shared<Link>(CO_TRY(co_await net::connect_loopback(runtime, endpoint.port)), endpoint);
  CO_TRY(co_await send(runtime, endpoint, *link, request_head(request, environment, endpoint)));
  CO_TRY(co_await send_body(runtime, endpoint, *link, request));
  auto head = CO_TRY(co_await patiently<net::HttpHead>(runtime, endpoint,
                                                       [&] { return link->http.read_head(request.method == "HEAD"); }));
  const bool upgraded = head.status == 101;
  if ((upgraded && !wants_websocket(request)) || head.status < 101 || head.status > 599) {
    auto error =
        base::internal(fmt::format("the program on port {} answers with the status {}", endpoint.port, head.status));
    error.code = "BadAnswer";
    co_return error;
  }
  auto answer = answer_head(std::move(head), environment, endpoint);
  if (upgraded) {
    answer.tunnel = [&runtime, link, leave](net::ByteStream& client) -> awaitable<void> {
      AfterHandshake program(*link->stream, link->http.take_rest());
      co_await stay(runtime, link, leave, [&] { return net::relay(runtime, client, program); });
    };
  } else if (answer.status != 204 && answer.status != 304) {
    answer.stream = [&runtime, link, leave](http::BodyWriter& client) -> awaitable<void> {
      if (!co_await stay(runtime, link, leave, [&] { return copy_body(*link, client); })) client.cut_off();
    };
  }
  co_return answer;
}

}  // namespace slipway::surface::connect
