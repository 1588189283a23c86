#include "surface/connect/proxy.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <future>
#include <thread>

#include "net/doorbell.h"
#include "net/test_support.h"

namespace slipway::surface::connect {
namespace {

// More than the system holds for a program that reads nothing.
const std::string kMuch(16 << 20, 'x');

// A request with a body that the test gives, handed on to a program that the test plays.
class Proxy : public testing::Test, protected http::BodyReader {
 protected:
  Proxy() {
    request_.method = "POST";
    request_.target = "/slipway/connect/env-1/up";
    request_.remote = "127.0.0.1:50000";
    request_.headers = {{"Host", "broker.test"}, {"Transfer-Encoding", "chunked"}};
    request_.incoming = this;
    request_.beside = &beside_;
  }

  // What is left; then, of a body that has no end, nothing more until it is given up.
  net::Task<std::string> read() override {
    const std::shared_ptr<void> ends(nullptr, [this](void*) { --reading_; });
    ++reading_;
    if (asked_) asked_();
    if (body_.empty() && endless_) co_await bell_.wait_until(net::Deadline::max());
    if (body_.empty() && endless_) co_return base::unavailable("the client went away");
    if (body_.empty()) co_return std::string();
    auto part = std::move(body_.front());
    body_.erase(body_.begin());
    co_return part;
  }

  net::Task<http::Response> hand_on_request() {
    const auto watch = [](const std::function<void()>&) { return std::shared_ptr<void>(); };
    return hand_on(runtime_, request_, base::EnvironmentId("env-1"),
                   {.port = upstream_.port, .authorization = {}, .prefix = {}},
                   {.until = net::Deadline::max(), .watch = watch});
  }

  // The client, which takes the answer's body as it comes; and then has sent its own.
  struct Client : http::BodyWriter {
    boost::asio::awaitable<bool> write(std::string chunk) override {
      received += chunk;
      if (on_chunk) on_chunk();
      co_return true;
    }
    void cut_off() override { is_cut_off = true; }

    std::string received;
    bool is_cut_off = false;
    std::function<void()> on_chunk;
  };
  void take(const http::Response& answer, Client& client) {
    net::run_to_end(runtime_, [&] { return answer.stream(client); });
  }
  void finish_body() {
    net::run_to_end(runtime_, [&] { return beside_.join(); });
  }

  // Plays the program: has its connection, and closes it when it returns.
  std::thread program(std::function<void(int)> play) {
    return std::thread([this, play = std::move(play)] {
      const int peer = upstream_.accept();
      play(peer);
      ::close(peer);
    });
  }
  static std::string read_until(int peer, std::string_view end) {
    std::string text;
    for (char byte = 0; !text.ends_with(end) && ::recv(peer, &byte, 1, 0) == 1;) text += byte;
    return text;
  }
  static void say(int peer, std::string_view text) {
    EXPECT_EQ(::send(peer, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }

  net::Runtime runtime_{1};
  net::Doorbell bell_{runtime_};
  net::TaskGroup beside_{runtime_};
  net::Upstream upstream_;
  http::Request request_;
  std::vector<std::string> body_;
  bool endless_ = false;
  int reading_ = 0;
  std::function<void()> asked_;
};

TEST_F(Proxy, ARefusalIsHeardWhileTheBodyIsStillToCome) {
  body_ = {"some"};
  endless_ = true;
  auto playing = program([](int peer) {
    read_until(peer, "\r\n\r\n");
    say(peer, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
    read_until(peer, "the end, which the proxy makes");
  });
  {
    const auto answer = net::run_to_end(runtime_, [&] { return hand_on_request(); });
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 413);
    EXPECT_EQ(reading_, 0) << "nobody waits for the rest of the body";
  }
  playing.join();
}

TEST_F(Proxy, ARefusalIsHeardWhileTheProgramReadsNothing) {
  body_ = {kMuch, kMuch};
  auto playing = program([](int peer) {
    read_until(peer, "\r\n\r\n");
    say(peer, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
  });
  const auto answer = net::run_to_end(runtime_, [&] { return hand_on_request(); });
  playing.join();
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 401);
}

TEST_F(Proxy, ASuccessThatBeginsEarlyHasTheWholeBody) {
  body_ = {"one", "two"};
  std::string seen;
  auto playing = program([&](int peer) {
    read_until(peer, "\r\n\r\n");
    say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    seen = read_until(peer, "0\r\n\r\n");
  });
  const auto answer = net::run_to_end(runtime_, [&] { return hand_on_request(); });
  finish_body();
  playing.join();
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(seen, "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
}

// It writes where it reads: neither way may wait for the other's end.
TEST_F(Proxy, AProgramThatAnswersWhileItReadsIsHeardAllTheWhile) {
  constexpr std::size_t kPieces = 320;
  const std::string piece(64 << 10, 'p');
  std::string sent;
  for (std::size_t i = 0; i < kPieces; ++i) sent += "10000\r\n" + piece + "\r\n";
  sent += "0\r\n\r\n";
  body_.assign(kPieces, piece);
  auto playing = program([](int peer) {
    read_until(peer, "\r\n\r\n");
    say(peer, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    std::string part(64 << 10, '\0');
    std::string last;
    while (!last.ends_with("\r\n0\r\n\r\n")) {
      const auto count = ::recv(peer, part.data(), part.size(), 0);
      if (count <= 0) break;
      const auto came = std::string_view(part).substr(0, static_cast<std::size_t>(count));
      say(peer, came);
      last += came;
      last.erase(0, last.size() - std::min<std::size_t>(last.size(), 7));
    }
  });
  Client client;
  {
    const auto answer = net::run_to_end(runtime_, [&] { return hand_on_request(); });
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    take(*answer, client);
  }
  finish_body();
  playing.join();
  EXPECT_FALSE(client.is_cut_off);
  EXPECT_EQ(client.received.size(), sent.size());
  EXPECT_TRUE(client.received == sent);
}

TEST_F(Proxy, AnAnswerIsWholeWhileTheBodyIsStillToCome) {
  endless_ = true;
  auto playing = program([](int peer) {
    read_until(peer, "\r\n\r\n");
    say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly");
    read_until(peer, "the end, which the proxy makes");
  });
  Client client;
  {
    const auto answer = net::run_to_end(runtime_, [&] { return hand_on_request(); });
    ASSERT_TRUE(answer) << answer.error().message;
    take(*answer, client);
  }
  EXPECT_EQ(client.received, "early");
  EXPECT_FALSE(client.is_cut_off);
  EXPECT_EQ(reading_, 1) << "the rest of the body goes on to the program";
  beside_.cancel();
  finish_body();
  playing.join();
}

TEST_F(Proxy, AnAnswerBreaksOffWhereItsRequestDoes) {
  endless_ = true;
  auto playing = program([](int peer) {
    read_until(peer, "\r\n\r\n");
    say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    read_until(peer, "the end, which the proxy makes");
  });
  Client client;
  client.on_chunk = [this] { bell_.ring(); };
  {
    const auto answer = net::run_to_end(runtime_, [&] { return hand_on_request(); });
    ASSERT_TRUE(answer) << answer.error().message;
    take(*answer, client);
  }
  finish_body();
  playing.join();
  EXPECT_EQ(client.received, "half");
  EXPECT_TRUE(client.is_cut_off);
}

TEST_F(Proxy, AProgramThatEndsWithoutAnAnswerEndsTheRequest) {
  endless_ = true;
  auto playing = program([](int peer) { read_until(peer, "\r\n\r\n"); });
  const auto answer = net::run_to_end(runtime_, [&] { return hand_on_request(); });
  playing.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, "ConnectionFailed");
  EXPECT_EQ(reading_, 0);
}

TEST_F(Proxy, WhatIsWrongWithTheBodyEndsTheRequest) {
  struct Broken : http::BodyReader {
    net::Task<std::string> read() override { co_return base::invalid("no HTTP at all"); }
  } broken;
  request_.incoming = &broken;
  auto playing = program([](int peer) { read_until(peer, "the end, which the proxy makes"); });
  const auto answer = net::run_to_end(runtime_, [&] { return hand_on_request(); });
  playing.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "no HTTP at all");
}

// As where the client leaves: the proxy waits for the rest of the body, or for a program that reads nothing.
TEST_F(Proxy, ACancellationEndsBothWays) {
  endless_ = true;
  for (const bool stuck : {false, true}) {
    body_.clear();
    if (stuck) body_.push_back(kMuch);
    net::TaskGroup client(runtime_);
    asked_ = [&] { runtime_.post([&] { client.cancel(); }); };
    std::promise<void> ended;
    auto playing = program([&](int) { ended.get_future().wait(); });
    bool answered = false;
    net::run_to_end(runtime_, [&]() -> boost::asio::awaitable<void> {
      client.spawn("request", [&]() -> boost::asio::awaitable<void> {
        (void)co_await hand_on_request();
        answered = true;
      });
      co_await client.join();
      beside_.cancel();
      co_await beside_.join();
    });
    ended.set_value();
    playing.join();
    EXPECT_FALSE(answered);
    EXPECT_EQ(reading_, 0);
  }
}

}  // namespace
}  // namespace slipway::surface::connect
