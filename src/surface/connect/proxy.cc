#include "surface/connect/proxy.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "net/byte_stream.h"
#include "net/doorbell.h"
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

// The request's body on its way to the program. Goes on beside the answer, and so keeps what it needs.
class BodySender {
 public:
  BodySender(net::Runtime& runtime, broker::Endpoint endpoint, LinkPtr link, const http::Request& request)
      : runtime_(runtime),
        endpoint_(std::move(endpoint)),
        link_(std::move(link)),
        framing_(framing_of(request)),
        body_(*request.incoming) {}

  awaitable<void> run() {
    result_.emplace(co_await send_body());
    // A client whose request breaks off behind the beginning of its answer gets no more of that either.
    if (!*result_ && is_answered_) link_->stream->close();
    ended_.ring();
  }
  awaitable<void> wait() {
    while (!result_) co_await ended_.wait_until(net::Deadline::max());
  }
  // Nothing while it is sent.
  const std::optional<base::Result<void>>& result() const { return result_; }
  void answer_begins() { is_answered_ = true; }

 private:
  // A program that refuses a body may stop reading: what it says counts then.
  net::Task<void> send_body() {
    if (framing_ == Framing::none) co_return base::Result<void>();
    for (;;) {
      auto part = CO_TRY(co_await body_.read());
      const bool last = part.empty();
      if (framing_ == Framing::chunked) part = last ? "0\r\n\r\n" : fmt::format("{:x}\r\n{}\r\n", part.size(), part);
      const auto sent = co_await send(runtime_, endpoint_, *link_, std::move(part));
      if (!sent && sent.error().kind == base::ErrorKind::timed_out && !is_answered_) co_return sent;
      if (last || !sent) co_return base::Result<void>();
    }
  }

  net::Runtime& runtime_;
  const broker::Endpoint endpoint_;
  const LinkPtr link_;
  const Framing framing_;
  http::BodyReader& body_;
  net::Doorbell ended_{runtime_};
  std::optional<base::Result<void>> result_;
  bool is_answered_ = false;
};

// Waits for the head of the answer while the request's body is sent: a program may answer before it has read. A body
// that breaks off before ends the wait.
class Exchange {
 public:
  Exchange(net::Runtime& runtime, const broker::Endpoint& endpoint, Link& link, BodySender& body)
      : runtime_(runtime), endpoint_(endpoint), link_(link), body_(body) {}

  net::Task<net::HttpHead> run(bool is_head) {
    std::vector<net::NamedTask> both{{"end of the request", [this] { return wait_for_body(); }},
                                     {"answer's head", [this, is_head] { return hear(is_head); }}};
    co_await net::run_together(ways_, std::move(both));
    if (!head_) co_return base::internal("a request that was handed on ended without an answer");
    co_return std::move(*head_);
  }

 private:
  awaitable<void> wait_for_body() {
    co_await body_.wait();
    if (!*body_.result()) co_return end(base::Error(body_.result()->error()));
    if (head_) co_return;
    co_await net::sleep_for(runtime_, kPatience);
    end(base::timed_out(no_answer(endpoint_)));
  }

  awaitable<void> hear(bool is_head) {
    auto head = co_await link_.http.read_head(is_head);
    if (body_.result() && !*body_.result()) co_return;  // that is the news
    if (head && head->status == 101 && !body_.result()) {
      head_.emplace(std::move(head));  // a tunnel begins behind the body
      co_return;
    }
    if (head && head->status < 300) body_.answer_begins();
    end(std::move(head));
  }

  // Who comes second may not have heard of it.
  void end(base::Result<net::HttpHead> head) {
    if (over_) return;
    over_ = true;
    head_.emplace(std::move(head));
    ways_.cancel();
  }

  net::Runtime& runtime_;
  const broker::Endpoint& endpoint_;
  Link& link_;
  BodySender& body_;
  net::TaskGroup ways_{runtime_};
  std::optional<base::Result<net::HttpHead>> head_;
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
  const auto body = std::make_shared<BodySender>(runtime, endpoint, link, request);
  request.beside->spawn("request body", [body] { return body->run(); });
  Exchange exchange(runtime, endpoint, *link, *body);
  auto heard = co_await exchange.run(request.method == "HEAD");
  if (!heard || heard->status >= 300) {
    request.beside->cancel();
    co_await request.beside->join();
  }
  auto head = CO_TRY(std::move(heard));
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
