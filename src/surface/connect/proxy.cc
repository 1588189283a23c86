#include "surface/connect/proxy.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "net/byte_stream.h"
#include "net/http_exchange.h"
#include "net/join.h"
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

std::string no_answer(const broker::Endpoint& endpoint) {
  return fmt::format("The program on port {} did not answer within {} minutes.", endpoint.port, kPatience.count());
}

// Each part has its own patience: a long body takes as long as it comes.
net::Task<void> send(net::Runtime& runtime, const broker::Endpoint& endpoint, Link& link, std::string bytes) {
  return net::with_deadline<void>(runtime, net::in(kPatience), no_answer(endpoint),
                                  [&link, bytes = std::move(bytes)] { return link.http.send(bytes); });
}

// The request's body on its way to the program, and the head of the answer on its way back, both at once: a program may
// answer before it has read. Its refusal ends the body; what begins well may still need the rest of it, and counts also
// where the program then takes no more.
class Exchange {
 public:
  Exchange(net::Runtime& runtime, const broker::Endpoint& endpoint, Link& link, http::Request& request)
      : runtime_(runtime), endpoint_(endpoint), link_(link), request_(request) {}

  net::Task<net::HttpHead> run() {
    std::vector<net::NamedTask> both{{"request body", [this] { return send(); }},
                                     {"answer's head", [this] { return hear(); }}};
    co_await net::run_together(ways_, std::move(both));
    if (!head_) co_return base::internal("a request that was handed on ended without an answer");
    co_return std::move(*head_);
  }

 private:
  // A program that refuses a body may stop reading: what it says counts then.
  net::Task<void> send_body() {
    const auto framing = framing_of(request_);
    if (framing == Framing::none) co_return base::Result<void>();
    for (;;) {
      auto part = CO_TRY(co_await request_.incoming->read());
      const bool last = part.empty();
      if (framing == Framing::chunked) part = last ? "0\r\n\r\n" : fmt::format("{:x}\r\n{}\r\n", part.size(), part);
      const auto sent = co_await connect::send(runtime_, endpoint_, link_, std::move(part));
      if (!sent && sent.error().kind == base::ErrorKind::timed_out && !head_) co_return sent;
      if (last || !sent) co_return base::Result<void>();
    }
  }

  awaitable<void> send() {
    auto sent = co_await send_body();
    sending_ = false;
    if (over_) co_return;
    if (!sent) co_return end(std::move(sent).error());
    if (head_) co_return;
    co_await net::sleep_for(runtime_, kPatience);
    end(base::timed_out(no_answer(endpoint_)));
  }

  awaitable<void> hear() {
    auto head = co_await link_.http.read_head(request_.method == "HEAD");
    if (head && head->status < 300 && sending_) {
      head_.emplace(std::move(head));
    } else {
      end(std::move(head));
    }
  }

  void end(base::Result<net::HttpHead> head) {
    over_ = true;
    head_.emplace(std::move(head));
    ways_.cancel();
  }

  net::Runtime& runtime_;
  const broker::Endpoint& endpoint_;
  Link& link_;
  http::Request& request_;
  net::TaskGroup ways_{runtime_};
  std::optional<base::Result<net::HttpHead>> head_;
  bool sending_ = true;
  bool over_ = false;
};

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
  Exchange exchange(runtime, endpoint, *link, request);
  auto head = CO_TRY(co_await exchange.run());
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
