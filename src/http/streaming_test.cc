#include "http/streaming.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "http/test_server.h"
#include "net/doorbell.h"

namespace slipway::http {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;
using net::RawClient;

// /t/stream writes what say() gives it, a chunk each, until finish().
class Streaming : public TestServer {
 protected:
  Streaming() {
    surface_.on("GET", "/t/stream", [this](Request&) -> awaitable<Response> {
      co_return Response{.status = 200,
                         .headers = {},
                         .body = {},
                         .content_type = "text/event-stream",
                         .stream = [this](BodyWriter& writer) { return produce(writer); }};
    });
    surface_.on("GET", "/t/flood", [this](Request&) -> awaitable<Response> {
      co_return Response{
          .status = 200, .headers = {}, .body = {}, .stream = [this](BodyWriter& writer) { return flood(writer); }};
    });
    surface_.on("GET", "/t/throw", [](Request&) -> awaitable<Response> {
      co_return Response{.status = 200, .headers = {}, .body = {}, .stream = [](BodyWriter& writer) -> awaitable<void> {
                           co_await writer.write("begun");
                           throw std::runtime_error("broken");
                         }};
    });
    surface_.on("GET", "/t/echo", [](Request&) -> awaitable<Response> {
      co_return Response{.status = 101,
                         .headers = {{"Connection", "Upgrade"}, {"Upgrade", "echo"}},
                         .body = {},
                         .tunnel = [](net::ByteStream& client) { return echo(client); }};
    });
    surface_.handed_on = "/t/upload";
    surface_.on("POST", "/t/upload", [this](Request& request) { return upload(request); });
    surface_.on("POST", "/t/duplex", [this](Request& request) -> awaitable<Response> {
      request.beside->spawn("reader", [this, incoming = request.incoming] { return read_beside(*incoming); });
      begun_.set_value();
      co_return Response{
          .status = 200, .headers = {}, .body = {}, .stream = [this](BodyWriter& writer) { return produce(writer); }};
    });
    surface_.on("GET", "/t/hang", [this](Request&) -> awaitable<Response> {
      const std::shared_ptr<void> ends(nullptr, [this](void*) { ended_.set_value(); });
      begun_.set_value();
      co_await bell_.wait_until(net::Deadline::max());
      co_return Response{};
    });
    surface_.on("GET", "/t/hello", [](Request&) -> awaitable<Response> {
      co_return Response{.status = 200, .headers = {}, .body = "hello"};
    });
    surface_.on("GET", "/t/proxy", [this](Request&) -> awaitable<Response> {
      co_return Response{.status = 101,
                         .headers = {{"Connection", "Upgrade"}, {"Upgrade", "raw"}},
                         .body = {},
                         .tunnel = [this](net::ByteStream& client) { return proxy(client); }};
    });
  }

  // Reads at most `wanted_` bytes, and tells how many, or the error.
  awaitable<Response> upload(Request& request) {
    std::size_t bytes = request.body.size();
    while (bytes < wanted_) {
      const auto part = co_await request.incoming->read();
      if (!part) co_return surface_.error(request, part.error());
      if (part->empty()) break;
      largest_ = std::max(largest_, part->size());
      bytes += part->size();
    }
    co_return Response{.status = 200, .headers = {}, .body = "got " + std::to_string(bytes)};
  }

  // Has /t/duplex write what comes.
  awaitable<void> read_beside(BodyReader& incoming) {
    const std::shared_ptr<void> ends(nullptr, [this](void*) { read_whole_.set_value(seen_); });
    for (;;) {
      auto part = co_await incoming.read();
      if (!part) seen_ += base::to_string(part.error().kind);
      if (!part || part->empty()) break;
      seen_ += *part;
      said_.push_back(std::move(*part));
      bell_.ring();
    }
    if (ends_with_body_) finished_ = true;
    bell_.ring();
  }

  awaitable<void> produce(BodyWriter& writer) {
    struct Ends {
      std::promise<void>& promise;
      ~Ends() { promise.set_value(); }
    } ends{ended_};
    for (;;) {
      while (!said_.empty()) {
        auto text = std::move(said_.front());
        said_.erase(said_.begin());
        if (!co_await writer.write(std::move(text))) co_return;
      }
      if (finished_) co_return;
      co_await bell_.wait_until(net::Deadline::max());
    }
  }
  awaitable<void> flood(BodyWriter& writer) {
    while (co_await writer.write(std::string(64 << 10, 'x'))) written_ += 64 << 10;
    ended_.set_value();
  }
  static awaitable<void> echo(net::ByteStream& client) {
    char data[100];
    for (;;) {
      const auto [error, count] = co_await client.read_some(data, sizeof data);
      if (error) co_return;
      co_await client.write_some(data, count);
    }
  }
  awaitable<void> proxy(net::ByteStream& client) {
    auto upstream = co_await net::connect_loopback(runtime_, upstream_port_);
    if (!upstream) co_return;
    co_await net::relay(runtime_, client, **upstream);
    ended_.set_value();
  }

  void say(std::string text) {
    on_loop([&] {
      said_.push_back(std::move(text));
      bell_.ring();
    });
  }
  void finish() {
    on_loop([this] {
      finished_ = true;
      bell_.ring();
    });
  }
  static std::string until(RawClient& client, std::string_view text) {
    std::string all;
    while (all.find(text) == std::string::npos) {
      const auto more = client.receive();
      if (more.empty()) break;
      all += more;
    }
    return all;
  }

  net::Doorbell bell_{runtime_};
  std::vector<std::string> said_;
  bool finished_ = false;
  std::promise<void> begun_;
  std::promise<void> ended_;
  std::promise<std::string> read_whole_;
  std::string seen_;
  bool ends_with_body_ = false;
  std::size_t written_ = 0;
  std::uint16_t upstream_port_ = 0;
  std::size_t wanted_ = 1 << 30;
  std::size_t largest_ = 0;
};

TEST_F(Streaming, ChunksArriveAsTheyAreWritten) {
  start();
  RawClient client(port_);
  client.send(get("/t/stream") + get("/t/hello"));
  const auto head = until(client, "\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
  EXPECT_NE(head.find("Content-Type: text/event-stream\r\n"), std::string::npos);
  EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(head.find("Content-Length"), std::string::npos);
  say("first");
  EXPECT_EQ(until(client, "first\r\n"), "5\r\nfirst\r\n");
  say("the second one");
  EXPECT_EQ(until(client, "one\r\n"), "e\r\nthe second one\r\n");
  finish();
  const auto rest = until(client, "hello");
  EXPECT_TRUE(rest.starts_with("0\r\n\r\nHTTP/1.1 200 OK\r\n")) << "the connection goes on: " << rest;
}

TEST_F(Streaming, AClientOfHttp10HasItWithoutChunks) {
  start();
  RawClient client(port_);
  client.send("GET /t/stream HTTP/1.0\r\n\r\n");
  const auto head = until(client, "\r\n\r\n");
  EXPECT_EQ(head.find("Transfer-Encoding"), std::string::npos) << head;
  say("plain");
  finish();
  EXPECT_EQ(client.receive_all(), "plain");
}

TEST_F(Streaming, HeadHasNoBody) {
  start();
  RawClient client(port_);
  client.send("HEAD /t/stream HTTP/1.1\r\nHost: h\r\n\r\n" + get("/t/hello"));
  const auto answers = until(client, "hello");
  EXPECT_NE(answers.find("chunked\r\n"), std::string::npos);
  EXPECT_NE(answers.find("\r\n\r\nHTTP/1.1 200 OK"), std::string::npos) << answers;
}

TEST_F(Streaming, EndsWhenTheClientIsGone) {
  settings_.limits.idle_time = 40ms;  // so that connections are looked at often
  start();
  {
    RawClient client(port_);
    client.send(get("/t/stream"));
    until(client, "\r\n\r\n");
  }
  ended_.get_future().get();
}

TEST_F(Streaming, EndsAsCompleteWhenTheServerStops) {
  start();
  RawClient client(port_);
  client.send(get("/t/stream"));
  until(client, "\r\n\r\n");
  auto stopped = begin_stop();
  EXPECT_EQ(client.receive_all(), "0\r\n\r\n");
  stopped.get();
}

TEST_F(Streaming, AClientThatTakesNothingIsLeftAndCostsNoMemory) {
  settings_.limits.answer_time = 200ms;
  start();
  RawClient client(port_);
  client.send(get("/t/flood"));
  ended_.get_future().get();
  EXPECT_GT(written_, 0u);
  EXPECT_LT(written_, 64u << 20) << "what the kernel buffers, and one chunk";
}

TEST_F(Streaming, ABodyThatThrowsIsCutOff) {
  start();
  RawClient client(port_);
  client.send(get("/t/throw"));
  const auto all = client.receive_all();
  EXPECT_TRUE(all.ends_with("5\r\nbegun\r\n")) << all;
}

TEST_F(Streaming, AStreamIsNoRequestInFlight) {
  settings_.limits.requests_in_flight = 1;
  start();
  RawClient client(port_);
  client.send(get("/t/stream"));
  until(client, "\r\n\r\n");
  EXPECT_TRUE(ask(get("/t/hello")).ends_with("hello"));
  EXPECT_EQ(metrics_.gauge("slipway_http_streams", "").value(), 1);
}

TEST_F(Streaming, ABodyIsReadAsItComesWhateverItsLength) {
  settings_.limits.body_bytes = 100;
  start();
  constexpr std::size_t kBytes = 3 << 20;
  RawClient client(port_);
  client.send("POST /t/upload HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(kBytes) + "\r\n\r\n");
  client.send(std::string(kBytes, 'x') + get("/t/hello"));
  const auto answers = until(client, "hello");
  EXPECT_NE(answers.find("got 3145728HTTP/1.1 200 OK"), std::string::npos) << answers;
  EXPECT_LT(largest_, 1u << 20) << "it was never held whole";
}

TEST_F(Streaming, AChunkedBodyIsReadWithoutItsFramingAndAskedFor) {
  start();
  RawClient client(port_);
  client.send("POST /t/upload HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(until(client, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("5\r\nabcde\r\n");
  client.send("3\r\nfgh\r\n0\r\n\r\n");
  EXPECT_NE(until(client, "got ").find("200 OK"), std::string::npos);
}

TEST_F(Streaming, ABodyThatNobodyReadsEndsTheConnection) {
  wanted_ = 0;
  start();
  RawClient client(port_);
  client.send("POST /t/upload HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\nx");
  const auto all = client.receive_all();
  EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos) << all;
}

TEST_F(Streaming, ABodyThatIsNoHttpOrStopsIsAnErrorOfItsReading) {
  settings_.limits.request_time = 200ms;
  start();
  RawClient broken(port_);
  broken.send("POST /t/upload HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");
  until(broken, "\r\n\r\n");
  broken.send("no chunk at all\r\n");
  EXPECT_NE(until(broken, "no HTTP").find("invalid"), std::string::npos);
  RawClient silent(port_);
  silent.send("POST /t/upload HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nx");
  EXPECT_NE(until(silent, "too long").find("timed_out"), std::string::npos);
}

TEST_F(Streaming, AnAnswerIsWrittenWhileItsRequestIsRead) {
  surface_.handed_on = "/t/duplex";
  ends_with_body_ = true;
  start();
  RawClient client(port_);
  client.send("POST /t/duplex HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nfirst");
  const auto head = until(client, "first\r\n");
  EXPECT_NE(head.find("Connection: close\r\n"), std::string::npos) << head;
  client.send("second");
  EXPECT_EQ(client.receive_all(), "6\r\nsecond\r\n0\r\n\r\n");
}

TEST_F(Streaming, WhatFollowsAnEarlyAnswerIsStillRead) {
  surface_.handed_on = "/t/duplex";
  start();
  RawClient client(port_);
  client.send("POST /t/duplex HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nfirst");
  until(client, "first\r\n");
  finish();
  EXPECT_EQ(until(client, "0\r\n\r\n"), "0\r\n\r\n");
  client.send("second");
  EXPECT_EQ(read_whole_.get_future().get(), "firstsecond");
  EXPECT_EQ(client.receive_all(), "");
}

TEST_F(Streaming, ARequestThatStopsBehindItsAnswerIsLeft) {
  surface_.handed_on = "/t/duplex";
  settings_.limits.request_time = 200ms;
  start();
  RawClient client(port_);
  client.send("POST /t/duplex HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nfirst");
  finish();
  EXPECT_TRUE(client.receive_all().ends_with("0\r\n\r\n"));
  EXPECT_EQ(read_whole_.get_future().get(), "firsttimed_out");
}

TEST_F(Streaming, BothWaysEndWhenTheClientIsGone) {
  surface_.handed_on = "/t/duplex";
  settings_.limits.idle_time = 40ms;  // so that connections are looked at often
  start();
  {
    RawClient client(port_);
    client.send("POST /t/duplex HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nfirst");
    until(client, "first\r\n");
  }
  EXPECT_EQ(read_whole_.get_future().get(), "firstunavailable");
  ended_.get_future().get();
}

TEST_F(Streaming, AStopEndsBothWays) {
  surface_.handed_on = "/t/duplex";
  start();
  RawClient client(port_);
  client.send("POST /t/duplex HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nfirst");
  until(client, "first\r\n");
  auto stopped = begin_stop();
  EXPECT_EQ(client.receive_all(), "0\r\n\r\n");
  read_whole_.get_future().get();
  stopped.get();
}

TEST_F(Streaming, ARequestThatIsHandedOnEndsWhenItsClientIsGone) {
  surface_.handed_on = "/t/hang";
  settings_.limits.idle_time = 40ms;  // so that connections are looked at often
  start();
  {
    RawClient client(port_);
    client.send(get("/t/hang"));
    begun_.get_future().get();
  }
  ended_.get_future().get();
}

TEST_F(Streaming, ATunnelHasTheBytesFromBehindTheRequestOn) {
  start();
  RawClient client(port_);
  client.send(get("/t/echo", "Connection: Upgrade\r\nUpgrade: echo\r\n") + "early");
  const auto first = until(client, "early");
  EXPECT_TRUE(first.starts_with("HTTP/1.1 101 Switching Protocols\r\n")) << first;
  EXPECT_NE(first.find("Connection: Upgrade\r\n"), std::string::npos);
  EXPECT_EQ(first.find("Content-Length"), std::string::npos);
  EXPECT_TRUE(first.ends_with("\r\n\r\nearly"));
  client.send("late");
  EXPECT_EQ(until(client, "late"), "late");
  client.close_sending();
  EXPECT_EQ(client.receive_all(), "");
}

TEST_F(Streaming, ATunnelEndsWhenTheServerStops) {
  start();
  RawClient client(port_);
  client.send(get("/t/echo"));
  until(client, "\r\n\r\n");
  auto stopped = begin_stop();
  EXPECT_EQ(client.receive_all(), "");
  stopped.get();
}

TEST_F(Streaming, AProxyHandsOnBothWaysAtOnceHoweverMuch) {
  net::Upstream upstream;
  upstream_port_ = upstream.port;
  start();
  constexpr std::size_t kBytes = 8 << 20;
  std::string seen;
  // Reads nothing before it has written everything: whoever hands on must not wait for one way to begin the other.
  std::thread program([&] {
    const int peer = upstream.accept();
    const std::string out(kBytes, 'u');
    std::thread writer([&] {
      for (std::size_t sent = 0; sent < out.size();) {
        const auto count = ::send(peer, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) break;
        sent += static_cast<std::size_t>(count);
      }
      ::shutdown(peer, SHUT_WR);
    });
    std::string piece(64 << 10, '\0');
    for (ssize_t count = 0; (count = ::recv(peer, piece.data(), piece.size(), 0)) > 0;) {
      seen.append(piece, 0, static_cast<std::size_t>(count));
    }
    writer.join();
    ::close(peer);
  });
  RawClient client(port_);
  client.send(get("/t/proxy"));
  auto received = until(client, "\r\n\r\n");
  received.erase(0, received.find("\r\n\r\n") + 4);
  const std::string piece(16 << 10, 'c');
  for (std::size_t sent = 0; sent < kBytes; sent += piece.size()) ASSERT_TRUE(client.send(piece));
  client.close_sending();
  received += client.receive_all();
  program.join();
  ended_.get_future().get();
  EXPECT_EQ(seen.size(), kBytes);
  EXPECT_EQ(received.size(), kBytes);
}

TEST_F(Streaming, NothingAtTheOtherEndIsToldApart) {
  const auto refused = net::run_to_end(runtime_, [&] { return net::connect_loopback(runtime_, 1); });
  EXPECT_EQ(refused.error().code, "ConnectionRefused");
}

}  // namespace
}  // namespace slipway::http
