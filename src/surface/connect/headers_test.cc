#include "surface/connect/headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::surface::connect {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

const base::EnvironmentId kId("env-1");
const broker::Endpoint kPlain{.port = 40000, .authorization = {}, .prefix = {}};
const broker::Endpoint kGuarded{
    .port = 40000, .authorization = base::Secret("token hush"), .prefix = "/slipway/connect/env-1"};

http::Request request(std::string target, http::Headers headers = {}) {
  http::Request made;
  made.method = "GET";
  made.target = std::move(target);
  made.remote = "[::1]:50000";
  made.headers = std::move(headers);
  made.headers.emplace_back("Host", "broker.test:8443");
  return made;
}

std::string head(const http::Request& made, const broker::Endpoint& endpoint = kPlain) {
  return request_head(made, kId, endpoint);
}

http::Response answer(http::Headers headers, const broker::Endpoint& endpoint = kPlain, int status = 200) {
  return answer_head({.status = status, .headers = std::move(headers)}, kId, endpoint);
}

TEST(ConnectionHeaders, ThePrefixIsTakenAwayWhereTheProgramDoesNotKnowIt) {
  EXPECT_THAT(head(request("/slipway/connect/env-1/a%2Fb?x=1&y")), StartsWith("GET /a%2Fb?x=1&y HTTP/1.1\r\n"));
  EXPECT_THAT(head(request("/slipway/connect/env-1?x=1")), StartsWith("GET /?x=1 HTTP/1.1\r\n"));
  EXPECT_THAT(head(request("/slipway/connect/env-1/a")), HasSubstr("X-Forwarded-Prefix: /slipway/connect/env-1\r\n"));
  EXPECT_THAT(head(request("/slipway/connect/env-1/a"), kGuarded), StartsWith("GET /slipway/connect/env-1/a HTTP/1.1"));
}

TEST(ConnectionHeaders, TheClientsCredentialsStayHereAndTheEndpointsArePutIn) {
  const auto made = head(request("/slipway/connect/env-1/", {{"Authorization", "token guessed"},
                                                             {"cookie", "__Secure-slipway-connect=mine; a=b"},
                                                             {"Cookie", "c=d"}}),
                         kGuarded);
  EXPECT_THAT(made, AllOf(HasSubstr("\r\nAuthorization: token hush\r\n"), HasSubstr("\r\nCookie: a=b; c=d\r\n"),
                          Not(HasSubstr("guessed")), Not(HasSubstr("mine"))));
  EXPECT_THAT(head(request("/slipway/connect/env-1/", {{"Authorization", "token guessed"}})),
              Not(HasSubstr("Authorization")));
}

TEST(ConnectionHeaders, FieldsOfOneConnectionStayOnIt) {
  const auto made = head(request("/slipway/connect/env-1/", {{"Connection", "keep-alive, X-Mine"},
                                                             {"x-mine", "1"},
                                                             {"TE", "trailers"},
                                                             {"Upgrade", "h2c"},
                                                             {"X-Forwarded-For", "10.0.0.1"},
                                                             {"Accept", "*/*"}}));
  EXPECT_THAT(made, AllOf(HasSubstr("\r\nConnection: close\r\n"), HasSubstr("\r\nAccept: */*\r\n"),
                          HasSubstr("\r\nX-Forwarded-For: [::1]\r\n"), Not(HasSubstr("x-mine")), Not(HasSubstr("TE:")),
                          Not(HasSubstr("h2c")), Not(HasSubstr("10.0.0.1"))));
}

TEST(ConnectionHeaders, ALengthStaysWithItsBody) {
  EXPECT_THAT(head(request("/slipway/connect/env-1/", {{"Connection", "content-length"}, {"Content-Length", "5"}})),
              HasSubstr("\r\nContent-Length: 5\r\n"));
}

TEST(ConnectionHeaders, AWebSocketIsAskedForAsOne) {
  const auto made = request("/slipway/connect/env-1/ws", {{"Connection", "keep-alive, Upgrade"},
                                                          {"Upgrade", "WebSocket"},
                                                          {"Origin", "https://broker.test:8443"},
                                                          {"Sec-WebSocket-Key", "abc"}});
  EXPECT_TRUE(wants_websocket(made));
  EXPECT_THAT(head(made),
              AllOf(HasSubstr("\r\nConnection: Upgrade\r\n"), HasSubstr("\r\nUpgrade: websocket\r\n"),
                    HasSubstr("\r\nSec-WebSocket-Key: abc\r\n"), HasSubstr("\r\nOrigin: http://127.0.0.1:40000\r\n")));
}

TEST(ConnectionHeaders, OnlyPagesOfThisBrokerAreFromHere) {
  const auto from = [](std::string origin) { return request("/", {{"Origin", std::move(origin)}}); };
  EXPECT_TRUE(is_from_here(request("/"), ""));
  EXPECT_TRUE(is_from_here(from("https://BROKER.test:8443"), ""));
  EXPECT_TRUE(is_from_here(from("https://slipway.example"), "https://slipway.example/path"));
  for (const auto* origin :
       {"https://evil.test", "http://broker.test:8443", "null", "https://broker.test:8443.evil.test"}) {
    EXPECT_FALSE(is_from_here(from(origin), "https://slipway.example")) << origin;
  }
}

TEST(ConnectionHeaders, AnAnswersPlacesAndCookiesAreBelowTheEnvironment) {
  const auto made = answer({{"Location", "/login?next=/"},
                            {"Set-Cookie", "a=b; Path=/; Domain=example.org; HttpOnly"},
                            {"Set-Cookie", "c=d; path=/slipway/connect/env-1/deep"},
                            {"Content-Type", "text/html"},
                            {"Content-Length", "5"},
                            {"Service-Worker-Allowed", "/"},
                            {"Clear-Site-Data", "\"*\""},
                            {"Keep-Alive", "timeout=5"}});
  EXPECT_EQ(made.content_type, "text/html");
  EXPECT_THAT(made.headers, ElementsAre(Pair("Location", "/slipway/connect/env-1/login?next=/"),
                                        Pair("Set-Cookie", "a=b; HttpOnly; Path=/slipway/connect/env-1"),
                                        Pair("Set-Cookie", "c=d; Path=/slipway/connect/env-1/deep")));
  const auto place = [](std::string location, const broker::Endpoint& endpoint) {
    return answer({{"Location", std::move(location)}}, endpoint, 302).headers.front().second;
  };
  EXPECT_EQ(place("http://127.0.0.1:40000/x", kPlain), "/slipway/connect/env-1/x");
  EXPECT_EQ(place("https://elsewhere.test/x", kPlain), "https://elsewhere.test/x");
  EXPECT_EQ(place("//elsewhere.test/x", kPlain), "//elsewhere.test/x");
  EXPECT_EQ(place("next", kPlain), "next");
  EXPECT_EQ(place("/slipway/connect/env-1/lab", kGuarded), "/slipway/connect/env-1/lab");
}

}  // namespace
}  // namespace slipway::surface::connect
