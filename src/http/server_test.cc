#include "http/server.h"

#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "http/test_server.h"
#include "net/http_client.h"
#include "observe/log.h"

namespace slipway::http {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;
using net::RawClient;

// /t/echo says the body back, /t/wait waits for release().
class ServerTest : public TestServer {
 protected:
  ServerTest() {
    surface_.on("POST", "/t/echo", [](Request& request) -> awaitable<Response> {
      co_return Response{.status = 200, .headers = {}, .body = request.body, .content_type = "text/plain"};
    });
    surface_.on("GET", "/t/end", [](Request&) -> awaitable<Response> { co_return Response{}; }, true);
    surface_.on("GET", "/t/hello", [](Request& request) -> awaitable<Response> {
      const auto* name = request.query_value("name");
      co_return Response{
          .status = 200, .headers = {{"X-Path", request.path}}, .body = "hello " + (name ? *name : "you")};
    });
    surface_.on("GET", "/t/wait", [this](Request&) -> awaitable<Response> {
      waiting_.set_value();
      co_await net::suspend_until(runtime_, [this](std::function<void()> resume) { resume_ = std::move(resume); });
      co_return Response{.status = 200, .headers = {}, .body = "waited"};
    });
    surface_.on("GET", "/t/sleep", [this](Request&) -> awaitable<Response> {
      waiting_.set_value();
      co_await net::sleep_for(runtime_, 24h);
      co_return Response{};
    });
    surface_.on("GET", "/t/large", [](Request&) -> awaitable<Response> {
      co_return Response{.status = 200, .headers = {}, .body = std::string(300'000, 'x')};
    });
  }

  void release() {
    on_loop([this] { resume_(); });
  }

  std::promise<void> waiting_;
  std::function<void()> resume_;
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}
std::string first_line(const std::string& text) {
  return text.substr(0, text.find("\r\n"));
}

TEST_F(ServerTest, AnswersOurOwnClient) {
  start();
  net::Runtime runtime(1);
  net::HttpClient client(runtime, {.ca_file = certificate_.ca});
  for (int i = 0; i < 3; ++i) {
    const auto response = net::run_to_end(runtime, [&] {
      return client.request({.method = "POST", .url = server_->urls()[0] + "/t/echo", .body = "ping"}, net::in(20s));
    });
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "ping");
    EXPECT_EQ(response->header("x-amzn-requestid")->size(), 36U);
    EXPECT_NE(response->header("date"), nullptr);
  }
}

TEST_F(ServerTest, ServesHealthAndMetricsAndAJson404) {
  start();
  EXPECT_TRUE(contains(ask(get("/health")), R"({"status":"ok"})"));
  EXPECT_TRUE(contains(ask(get("/metrics")),
                       "slipway_http_requests_total{operation=\"Health\",status=\"200\",surface=\"probes\"} 1"));
  const auto unknown = ask(get("/nowhere"));
  EXPECT_EQ(first_line(unknown), "HTTP/1.1 404 Not Found");
  EXPECT_TRUE(contains(unknown, "{\"message\":"));
  EXPECT_EQ(first_line(ask("POST /health HTTP/1.1\r\nHost: h\r\n\r\n")), "HTTP/1.1 405 Method Not Allowed");
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  RawClient client(port_);
  client.send(get("/t/hello?name=a") + "POST /t/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" +
              get("/t/hello?name=c"));
  EXPECT_TRUE(client.receive_answer().ends_with("hello a"));
  EXPECT_TRUE(client.receive_answer().ends_with("abc"));
  EXPECT_TRUE(client.receive_answer().ends_with("hello c"));
}

TEST_F(ServerTest, AnswersHeadWithTheLengthAndWithoutTheBody) {
  start();
  RawClient client(port_);
  client.send("HEAD /t/hello HTTP/1.1\r\nHost: h\r\n\r\n" + get("/t/hello"));
  const auto head = client.receive_answer(false);
  EXPECT_TRUE(contains(head, "Content-Length: 9\r\n"));
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  EXPECT_TRUE(client.receive_answer().ends_with("hello you"));
}

TEST_F(ServerTest, TakesChunkedBodiesAndContinuesWhereTheClientWaits) {
  start();
  EXPECT_TRUE(ask("POST /t/echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
                  .ends_with("abc"));
  RawClient client(port_);
  client.send("POST /t/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive_answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_TRUE(client.receive_answer().ends_with("ok"));
}

TEST_F(ServerTest, SendsAndTakesWhatIsLargerThanABuffer) {
  start();
  EXPECT_TRUE(ask(get("/t/large")).ends_with("\r\n\r\n" + std::string(300'000, 'x')));
  const std::string body(500'000, 'y');
  EXPECT_TRUE(
      ask("POST /t/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" + body).ends_with("\r\n\r\n" + body));
}

TEST_F(ServerTest, HasSoManyUploadsInMemoryAndNoMore) {
  settings_.limits.body_bytes = 100;
  settings_.limits.uploads = 1;
  surface_.uploaded = "/t/echo";
  start();
  const std::string body(200, 'u');
  const std::string upload = "POST /t/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 200\r\n\r\n" + body;
  {
    RawClient first(port_);
    first.send(upload.substr(0, upload.size() - 1));
    const auto refused = ask(upload);
    EXPECT_EQ(first_line(refused), "HTTP/1.1 429 Too Many Requests");
    EXPECT_TRUE(contains(refused, "Retry-After: 1\r\n"));
    EXPECT_TRUE(ask("POST /t/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nsmall").ends_with("small"));
    first.send("u");
    EXPECT_TRUE(first.receive_answer().ends_with(body));
    EXPECT_TRUE(ask(upload).ends_with(body)) << "one that is answered leaves its place";
    first.send(upload.substr(0, upload.size() - 1));
    EXPECT_EQ(first_line(ask(upload)), "HTTP/1.1 429 Too Many Requests");
  }
  std::string last;
  while (last.empty() || contains(last, "429")) last = ask(upload);
  EXPECT_TRUE(last.ends_with(body)) << "and so does one whose client has left";
}

TEST_F(ServerTest, HasHalfOfTheUploadsFromOneAddress) {
  settings_.limits.body_bytes = 100;
  settings_.limits.uploads = 2;
  surface_.uploaded = "/t/echo";
  start();
  const std::string body(200, 'u');
  const std::string upload = "POST /t/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 200\r\n\r\n" + body;
  RawClient slow(port_);
  slow.send(upload.substr(0, upload.size() - 1));
  EXPECT_EQ(first_line(ask(upload)), "HTTP/1.1 429 Too Many Requests");
  RawClient elsewhere(port_, {.server_name = "", .from = "127.0.0.2"});
  elsewhere.send(upload);
  EXPECT_TRUE(elsewhere.receive_answer().ends_with(body));
}

TEST_F(ServerTest, ClosesAfterAnAnswerWhereTheClientWantsIt) {
  start();
  for (const auto* request :
       {"GET /t/hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "GET /t/hello HTTP/1.0\r\n\r\n"}) {
    RawClient client(port_);
    client.send(request);
    const auto all = client.receive_all();
    EXPECT_TRUE(contains(all, "Connection: close\r\n")) << all;
    EXPECT_TRUE(all.ends_with("hello you"));
  }
}

TEST_F(ServerTest, AnswersAClientThatHasClosedItsHalf) {
  start();
  RawClient client(port_);
  client.send(get("/t/hello"));
  client.close_sending();
  EXPECT_TRUE(client.receive_all().ends_with("hello you"));
}

TEST_F(ServerTest, RefusesAmbiguousRequestsAndEndsTheirConnection) {
  start();
  RawClient client(port_);
  client.send("POST /t/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
              get("/t/hello"));
  const auto all = client.receive_all();
  EXPECT_EQ(first_line(all), "HTTP/1.1 400 Bad Request");
  EXPECT_FALSE(contains(all, "hello")) << "what follows an ambiguous request is not served";
}

TEST_F(ServerTest, RefusesGarbage) {
  start();
  RawClient client(port_);
  client.send(std::string(100, '\x01') + "\r\n\r\n");
  EXPECT_EQ(first_line(client.receive_all()), "HTTP/1.1 400 Bad Request");
  RawClient bare(port_, {.server_name = "", .handshake = false});
  bare.send(get("/t/hello"));
  EXPECT_FALSE(contains(bare.receive_all(), "hello"));
  EXPECT_EQ(first_line(ask(get("/t/hello"))), "HTTP/1.1 200 OK");
}

TEST_F(ServerTest, RefusesHeadersAndBodiesOverTheirBounds) {
  settings_.limits.header_bytes = 1000;
  settings_.limits.body_bytes = 1000;
  start();
  EXPECT_EQ(first_line(ask(get("/t/hello", "X: " + std::string(1000, 'x') + "\r\n"))),
            "HTTP/1.1 431 Request Header Fields Too Large");
  RawClient client(port_);
  // Sends all of it before it reads; the refusal arrives all the same.
  client.send("POST /t/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'));
  const auto answer = client.receive_answer();
  EXPECT_EQ(first_line(answer), "HTTP/1.1 413 Content Too Large");
  EXPECT_TRUE(contains(answer, "Connection: close"));
}

TEST_F(ServerTest, RefusesARequestThatTakesTooLong) {
  settings_.limits.request_time = 300ms;
  start();
  RawClient header(port_);
  header.send("GET /t/hello HTT");
  EXPECT_EQ(first_line(header.receive_all()), "HTTP/1.1 408 Request Timeout");
  RawClient body(port_);
  body.send("POST /t/echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(first_line(body.receive_all()), "HTTP/1.1 408 Request Timeout");
  RawClient silent(port_, {.server_name = "", .handshake = false});
  EXPECT_EQ(silent.receive_all(), "");
}

TEST_F(ServerTest, ClosesIdleConnectionsWithoutAWord) {
  settings_.limits.idle_time = 100ms;
  start();
  RawClient client(port_);
  EXPECT_EQ(client.receive_all(), "");
}

TEST_F(ServerTest, EndsAClientThatDoesNotTakeItsAnswer) {
  settings_.limits.answer_time = 200ms;
  start();
  RawClient client(port_);
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += get("/t/large");
  std::thread sender([&] { client.send(requests); });
  while (metrics_.gauge("slipway_http_connections", "").value() > 0) std::this_thread::yield();
  sender.join();
  EXPECT_EQ(first_line(ask(get("/t/hello"))), "HTTP/1.1 200 OK");
}

TEST_F(ServerTest, AnswersOnlySoManyRequestsAtOnce) {
  settings_.limits.requests_in_flight = 1;
  start();
  RawClient slow(port_);
  slow.send(get("/t/wait"));
  waiting_.get_future().get();
  const auto refused = ask(get("/t/hello"));
  EXPECT_TRUE(contains(refused, "throttled: ")) << refused;
  EXPECT_TRUE(contains(refused, "Retry-After: 1\r\n"));
  EXPECT_EQ(first_line(ask(get("/t/end"))), "HTTP/1.1 200 OK") << "what ends something is never refused";
  release();
  EXPECT_TRUE(slow.receive_answer().ends_with("waited"));
  EXPECT_EQ(first_line(ask(get("/t/hello"))), "HTTP/1.1 200 OK");
}

TEST_F(ServerTest, TakesOnlySoManyConnections) {
  settings_.limits.connections = 1;
  start();
  RawClient first(port_);
  EXPECT_THROW(RawClient second(port_), std::runtime_error);
  first.send(get("/t/hello"));
  EXPECT_EQ(first_line(first.receive_answer()), "HTTP/1.1 200 OK");
}

TEST_F(ServerTest, FinishesWhatIsInFlightWhenItStops) {
  start();
  RawClient idle(port_);
  RawClient slow(port_);
  slow.send(get("/t/wait"));
  waiting_.get_future().get();
  auto stopped = begin_stop();
  EXPECT_EQ(idle.receive_all(), "") << "an idle connection is closed at once";
  EXPECT_THROW(RawClient late(port_), std::runtime_error);
  release();
  const auto answer = slow.receive_all();
  EXPECT_TRUE(answer.ends_with("waited"));
  EXPECT_TRUE(contains(answer, "Connection: close\r\n"));
  stopped.get();
}

TEST_F(ServerTest, CancelsWhatDoesNotEndInTimeWhenItStops) {
  settings_.limits.stop_time = 50ms;
  start();
  RawClient slow(port_);
  slow.send(get("/t/sleep"));
  waiting_.get_future().get();
  begin_stop().get();
  EXPECT_EQ(slow.receive_all(), "");
}

TEST_F(ServerTest, StopsAtOnceWhenAskedASecondTime) {
  settings_.limits.stop_time = 24h;
  start();
  RawClient slow(port_);
  slow.send(get("/t/sleep"));
  waiting_.get_future().get();
  auto stopped = begin_stop();
  on_loop([this] { server_->stop_now(); });
  stopped.get();
  EXPECT_EQ(slow.receive_all(), "");
}

TEST_F(ServerTest, ServesEachListenersSurfacesAlone) {
  auto second = settings_.listeners[0];
  second.surfaces = {"probes"};
  settings_.listeners.push_back(second);
  start();
  EXPECT_EQ(first_line(ask(get("/t/hello"))), "HTTP/1.1 200 OK");
  const auto url = server_->urls().at(1);
  port_ = std::stoi(url.substr(url.rfind(':') + 1));
  EXPECT_EQ(first_line(ask(get("/health"))), "HTTP/1.1 200 OK");
  EXPECT_EQ(first_line(ask(get("/t/hello"))), "HTTP/1.1 404 Not Found");
}

TEST_F(ServerTest, ReloadsCertificatesWithoutDroppingConnections) {
  start();
  RawClient old(port_);
  const auto renewed = net::self_signed(folder_.path() / "other", {"renewed.example.org"});
  std::filesystem::rename(renewed.server.certificate, certificate_.server.certificate);
  std::filesystem::rename(renewed.server.key, certificate_.server.key);
  on_loop([this] { EXPECT_TRUE(server_->reload_certificates()); });
  EXPECT_EQ(RawClient(port_).subject(), "renewed.example.org");
  old.send(get("/t/hello"));
  EXPECT_EQ(first_line(old.receive_answer()), "HTTP/1.1 200 OK");
}

TEST_F(ServerTest, SaysWhyItCannotStart) {
  start();
  auto taken = settings_;
  taken.listeners[0].port = port_;
  Server second(runtime_, metrics_, base::system_clock(), taken, {&surface_}, {});
  EXPECT_TRUE(contains(second.listen().error().message, "is taken by another program"));
  auto unknown = settings_;
  unknown.listeners[0].surfaces = {"nobody"};
  Server third(runtime_, metrics_, base::system_clock(), unknown, {&surface_}, {});
  EXPECT_TRUE(contains(third.listen().error().message, "no surface is named \"nobody\""));
  auto address = settings_;
  address.listeners[0].address = "192.0.2.1";
  Server fourth(runtime_, metrics_, base::system_clock(), address, {&surface_}, {});
  EXPECT_TRUE(contains(fourth.listen().error().message, "cannot listen on 192.0.2.1:0"));
}

TEST_F(ServerTest, LogsEveryRequestWithoutItsQueryOrHeaders) {
  ASSERT_TRUE(observe::start_log({.directory = folder_.path() / "log"}));
  start();
  const auto answer = ask(get("/t/hello?name=hunter2", "X-Secret: hunter2\r\nX-Correlation-Id: c-1\r\n"));
  ask("GET /t/hel%zzlo?x=hunter2 HTTP/1.1\r\nHost: h\r\n\r\n");
  stop();
  observe::stop_log();
  std::ostringstream log;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "log"))
    log << std::ifstream(entry.path()).rdbuf();
  const auto text = log.str();
  EXPECT_TRUE(contains(
      text,
      R"("message":"request","method":"GET","operation":"GET/t/hello","path":"/t/hello","status":200,"bytes":13,)"))
      << text;
  EXPECT_TRUE(contains(text, R"("correlation_id":"c-1")"));
  const auto id = answer.substr(answer.find("x-amzn-RequestId: ") + 18, 36);
  EXPECT_TRUE(contains(text, "\"request_id\":\"" + id + "\""));
  EXPECT_TRUE(contains(text, R"("status":400)"));
  EXPECT_FALSE(contains(text, "hunter2")) << text;
}

}  // namespace
}  // namespace slipway::http
