#include "net/http_client.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "net/test_support.h"
#include "net/tls_stream.h"

namespace slipway::net {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;

// A server that answers connection after connection as the test wrote down.
class HttpClientTest : public ::testing::Test {
 protected:
  HttpClientTest() : certificate_(self_signed(folder_.path() / "tls")) {
    show(certificate_);
    listener_.emplace(std::move(*TlsListener::open(runtime_, "127.0.0.1", 0)));
    group_.spawn("server", [this] { return serve(); });
  }
  ~HttpClientTest() override {
    client_.reset();
    listener_->close();
    group_.cancel();
    run_to_end(runtime_, [this] { return group_.join(); });
  }

  // One element for each connection: the answers to its requests in order; after the last it closes, unless that is
  // "...".
  std::deque<std::vector<std::string>> connections_;
  std::vector<std::string> seen_;  // requests, as they came
  bool byte_by_byte_ = false;
  bool says_goodbye_ = true;
  int accepted_ = 0;

  void show(const SelfSigned& certificate) {
    tls_.emplace(std::vector{certificate.server});
    EXPECT_TRUE(tls_->reload());
  }

  awaitable<void> serve() {
    while (!co_await listener_->accept()) {
      ++accepted_;
      auto answers = connections_.empty() ? std::vector<std::string>{} : connections_.front();
      if (!connections_.empty()) connections_.pop_front();
      auto stream = std::make_shared<TlsStream>(listener_->take(tls_->context()));
      group_.spawn("connection", [this, stream, answers] { return answer(*stream, answers); });
    }
  }

  awaitable<void> answer(TlsStream& stream, std::vector<std::string> answers) {
    if (!(co_await stream.shake_hands()).empty()) co_return;
    for (const auto& text : answers) {
      std::string request(64 << 10, '\0');
      const auto [error, got] = co_await stream.read_some(request.data(), request.size());
      if (error) co_return;
      seen_.push_back(request.substr(0, got));
      if (text == "...") co_await sleep_for(runtime_, 24h);
      for (std::size_t sent = 0; sent < text.size();) {
        const auto size = byte_by_byte_ ? 1 : text.size() - sent;
        const auto [failure, count] = co_await stream.write_some(text.data() + sent, size);
        if (failure) co_return;
        sent += count;
      }
    }
    if (says_goodbye_) co_await stream.say_goodbye();
  }

  HttpClientSettings settings() const { return {.ca_file = certificate_.ca}; }
  std::string url(const std::string& path) const {
    return "https://127.0.0.1:" + std::to_string(listener_->port()) + path;
  }
  base::Result<ClientResponse> send(ClientRequest request, std::chrono::milliseconds limit = 20s) {
    if (!client_) client_.emplace(runtime_, settings());
    return run_to_end(runtime_, [&] { return client_->request(std::move(request), in(limit)); });
  }
  base::Result<ClientResponse> get(const std::string& path) { return send({.url = url(path)}); }

  TemporaryFolder folder_;
  Runtime runtime_{1};
  SelfSigned certificate_;
  std::optional<ServerTls> tls_;
  std::optional<TlsListener> listener_;
  TaskGroup group_{runtime_};
  std::optional<HttpClient> client_;
};

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Y: z\r\n\r\nok";

TEST_F(HttpClientTest, SendsARequestAndReadsTheAnswer) {
  connections_ = {{kOk}};
  const auto response = send({.method = "POST", .url = url("/a/b?c=%20"), .headers = {{"X-A", "1"}}, .body = "hello"});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "ok");
  EXPECT_EQ(*response->header("x-y"), "z");
  EXPECT_EQ(seen_.at(0), "POST /a/b?c=%20 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(listener_->port()) +
                             "\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nhello");
}

TEST_F(HttpClientTest, KeepsTheConnectionForTheNextRequest) {
  connections_ = {{kOk, kOk, kOk}};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(get("/"));
  EXPECT_EQ(accepted_, 1);
}

TEST_F(HttpClientTest, OpensAnotherWhereTheServerClosesOrClosed) {
  connections_ = {{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"}, {kOk}, {kOk}};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(get("/"));
  EXPECT_EQ(accepted_, 3);
}

TEST_F(HttpClientTest, ReadsChunkedAnswersAndAnswersThatEndWithTheConnection) {
  connections_ = {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"},
                  {"HTTP/1.1 200 OK\r\n\r\nuntil the end"},
                  {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"}};
  EXPECT_EQ(get("/")->body, "abc");
  client_->stop();
  EXPECT_EQ(get("/")->body, "until the end");
  EXPECT_EQ(get("/")->status, 204);
}

TEST_F(HttpClientTest, ReadsAChunkedAnswerThatComesByteByByte) {
  byte_by_byte_ = true;
  connections_ = {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX: y\r\n\r\n"}};
  const auto response = get("/");
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "ab");
}

TEST_F(HttpClientTest, RefusesAnAnswerThatIsCutOff) {
  says_goodbye_ = false;
  connections_ = {{"HTTP/1.1 200 OK\r\n\r\nhalf of i"}};
  EXPECT_EQ(get("/").error().code, "ConnectionFailed");
}

TEST_F(HttpClientTest, ReadsNoBodyAfterHead) {
  connections_ = {{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", kOk}};
  const auto response = send({.method = "HEAD", .url = url("/")});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "");
  EXPECT_EQ(get("/")->body, "ok");
  EXPECT_EQ(accepted_, 1);
}

TEST_F(HttpClientTest, ReadsLargeBodiesBothWays) {
  const std::string large(1 << 20, 'x');
  connections_ = {{"HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n" + large}};
  EXPECT_EQ(get("/")->body, large);
}

TEST_F(HttpClientTest, RefusesAnAnswerOverItsBounds) {
  auto small = settings();
  small.body_bytes = 10;
  small.header_bytes = 200;
  client_.emplace(runtime_, small);
  connections_ = {{"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n"},
                  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nB\r\n"},
                  {"HTTP/1.1 200 OK\r\n\r\n01234567890"},
                  {"HTTP/1.1 200 OK\r\nX: " + std::string(300, 'x') + "\r\n\r\n"}};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(get("/").error().code, "AnswerTooLarge") << i;
}

TEST_F(HttpClientTest, SaysWhatIsWrongWithAnAnswer) {
  connections_ = {{"SSH-2.0-OpenSSH\r\n"}, {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"}, {}};
  EXPECT_EQ(get("/").error().code, "BadAnswer");
  EXPECT_EQ(get("/").error().code, "ConnectionFailed");
  EXPECT_EQ(get("/").error().kind, base::ErrorKind::unavailable);
}

TEST_F(HttpClientTest, EndsAtItsDeadline) {
  connections_ = {{"..."}};
  const auto late = send({.url = url("/")}, 100ms);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, base::ErrorKind::timed_out);
}

TEST_F(HttpClientTest, SaysThatNothingListens) {
  const auto port = TlsListener::open(runtime_, "127.0.0.1", 0)->port();  // closed again
  const auto refused = send({.url = "https://127.0.0.1:" + std::to_string(port) + "/"});
  EXPECT_EQ(refused.error().code, "ConnectionRefused");
}

TEST_F(HttpClientTest, RefusesACertificateOfAnUnknownAuthority) {
  const auto other = self_signed(folder_.path() / "other");
  client_.emplace(runtime_, HttpClientSettings{.ca_file = other.ca});
  EXPECT_EQ(get("/").error().code, "CertificateRefused");
  client_.emplace(runtime_, HttpClientSettings{});
  EXPECT_EQ(get("/").error().code, "CertificateRefused");
}

TEST_F(HttpClientTest, RefusesACertificateForAnotherName) {
  const auto elsewhere = self_signed(folder_.path() / "tls2", {"elsewhere.example.org"});
  show(elsewhere);
  client_.emplace(runtime_, HttpClientSettings{.ca_file = elsewhere.ca});
  EXPECT_EQ(get("/").error().code, "CertificateRefused");
  EXPECT_EQ(send({.url = "https://localhost:" + std::to_string(listener_->port())}).error().code, "CertificateRefused");
}

TEST_F(HttpClientTest, ChecksTheNameOfTheUrl) {
  connections_ = {{kOk}};
  const auto response = send({.url = "https://localhost:" + std::to_string(listener_->port()) + "/"});
  EXPECT_TRUE(response) << response.error().message;
}

TEST_F(HttpClientTest, RefusesWhatIsNoHttpsUrlAndHeadersThatBreakLines) {
  for (const auto* wrong : {"", "127.0.0.1", "http://127.0.0.1/", "https:///x", "https://a b/"}) {
    EXPECT_EQ(send({.url = wrong}).error().kind, base::ErrorKind::invalid) << wrong;
  }
  EXPECT_EQ(send({.url = url("/"), .headers = {{"X", "a\r\nb"}}}).error().kind, base::ErrorKind::invalid);
}

}  // namespace
}  // namespace slipway::net
