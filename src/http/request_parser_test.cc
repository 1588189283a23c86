#include "http/request_parser.h"

#include <gtest/gtest.h>

namespace slipway::http {
namespace {

using State = RequestParser::State;

class RequestParserTest : public ::testing::Test {
 protected:
  // Offers `bytes` in pieces of `size` as a session would, until the request is complete or refused; gives the rest.
  std::string feed(std::string bytes, std::size_t size = 1 << 20) {
    parser_.reset();
    std::string buffer;
    while (!bytes.empty() || !buffer.empty()) {
      buffer += bytes.substr(0, size);
      bytes.erase(0, std::min(size, bytes.size()));
      buffer.erase(0, parser_.put(buffer));
      if (parser_.state() == State::complete || parser_.state() == State::refused) break;
      if (bytes.empty()) break;
    }
    return buffer + bytes;
  }
  // The status of the refusal; 0 where the request is complete, -1 where more is needed.
  int status(const std::string& bytes, std::size_t size = 1 << 20) {
    feed(bytes, size);
    if (parser_.state() == State::complete) return 0;
    return parser_.state() == State::refused ? parser_.refusal().status : -1;
  }
  std::string with(const std::string& headers, const std::string& body = "") {
    return "POST /a HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n" + body;
  }

  RequestParser parser_{{.header_bytes = 300, .body_bytes = 20}};
};

TEST_F(RequestParserTest, ReadsARequestWhateverPiecesItComesIn) {
  const std::string bytes = with("Content-Length: 5\r\nX-Y: a  b \r\n", "hello");
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    EXPECT_EQ(feed(bytes + "GET", size), "GET");
    ASSERT_EQ(parser_.state(), State::complete) << size;
    const auto& request = parser_.request();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/a");
    EXPECT_EQ(request.body, "hello");
    EXPECT_EQ(request.headers, (Headers{{"Host", "h"}, {"Content-Length", "5"}, {"X-Y", "a  b"}}));
    EXPECT_TRUE(parser_.keep_alive());
  }
}

TEST_F(RequestParserTest, ReadsChunkedBodiesAndDropsTrailers) {
  const std::string bytes =
      with("Transfer-Encoding: chunked\r\n", "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nHost: evil\r\n\r\n");
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    EXPECT_EQ(feed(bytes, size), "");
    ASSERT_EQ(parser_.state(), State::complete) << size;
    EXPECT_EQ(parser_.request().body, "abcde");
    EXPECT_EQ(parser_.request().headers.size(), 2U);
  }
}

TEST_F(RequestParserTest, LeavesTheNextRequestAlone) {
  EXPECT_EQ(feed(with("Content-Length: 2\r\n", "abGET / HTTP/1.1")), "GET / HTTP/1.1");
  EXPECT_EQ(feed("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\nrest"), "rest");
  EXPECT_EQ(parser_.state(), State::complete);
}

TEST(RequestParserLimits, AnUploadMayBeLongerThanOtherBodies) {
  for (const auto& [target, wanted] : {std::pair{"/upload", State::complete}, {"/other", State::refused}}) {
    RequestParser parser({.header_bytes = 300, .body_bytes = 20, .upload_limit = [](std::string_view path) {
                            return path == "/upload" ? std::size_t{40} : 0;
                          }});
    const auto request = std::string("PUT ") + target + " HTTP/1.1\r\nHost: h\r\nContent-Length: 30\r\n\r\n";
    for (std::string rest = request + std::string(30, 'x'); !rest.empty() && parser.state() != State::refused;) {
      const auto taken = parser.put(rest);
      if (taken == 0) break;
      rest.erase(0, taken);
    }
    EXPECT_EQ(parser.state(), wanted) << target;
  }
}

TEST(RequestParserLimits, AnUploadWaitsForRoomAsSoonAsItIsKnownToBeOne) {
  const std::string head = "PUT /upload HTTP/1.1\r\nHost: h\r\n";
  int begun = 0;
  bool room = true;
  const auto status = [&](const std::string& rest) {
    RequestParser parser({.header_bytes = 300,
                          .body_bytes = 20,
                          .upload_limit = [](std::string_view) { return std::size_t{100}; },
                          .begin_upload =
                              [&] {
                                ++begun;
                                return room;
                              }});
    const auto bytes = head + rest;
    parser.put(bytes);
    return parser.state() == State::refused ? parser.refusal().status : 0;
  };
  const auto chunks = "Transfer-Encoding: chunked\r\n\r\n14\r\n" + std::string(20, 'x') + "\r\n14\r\n" +
                      std::string(20, 'x') + "\r\n14\r\n" + std::string(20, 'x') + "\r\n0\r\n\r\n";
  EXPECT_EQ(status("Content-Length: 20\r\n\r\n" + std::string(20, 'x')), 0);
  EXPECT_EQ(begun, 0);
  EXPECT_EQ(status("Content-Length: 21\r\n\r\n" + std::string(21, 'x')), 0);
  EXPECT_EQ(begun, 1);
  EXPECT_EQ(status(chunks), 0);
  EXPECT_EQ(begun, 2);
  room = false;
  EXPECT_EQ(status("Content-Length: 21\r\n\r\nx"), 429);
  EXPECT_EQ(status(chunks), 429);
  EXPECT_EQ(status("Content-Length: 101\r\n\r\n"), 413);
}

TEST(RequestParserLimits, OnlyWhatIsHandedOnMayHaveATargetThatDoesNotDecode) {
  for (const auto& [target, path] : {std::pair{"/away/a%?b=%", "/away/a%"}, {"/away/%41", "/away/A"}, {"/a%", ""}}) {
    RequestParser parser({.header_bytes = 300, .body_bytes = 20, .hands_on = [](std::string_view given) {
                            return given.starts_with("/away/");
                          }});
    parser.put(std::string("GET ") + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(parser.state(), *path == '\0' ? State::refused : State::complete) << target;
    EXPECT_EQ(parser.request().target, target);
    EXPECT_EQ(parser.request().path, path);
  }
}

TEST_F(RequestParserTest, RefusesWhatTwoPartiesCouldReadDifferently) {
  EXPECT_EQ(status(with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")), 400);
  EXPECT_EQ(status(with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n")), 400);
  EXPECT_EQ(status(with("Content-Length: 3\r\nContent-Length: 3\r\n", "abc")), 400);
  EXPECT_EQ(status(with("Content-Length: 3, 3\r\n", "abc")), 400);
  EXPECT_EQ(status(with("Content-Length: +3\r\n", "abc")), 400);
  EXPECT_EQ(status(with("Content-Length: \r\n", "abc")), 400);
  EXPECT_EQ(status(with("Content-Length: 0x3\r\n", "abc")), 400);
  EXPECT_EQ(status(with("Content-Length: 99999999999999999999\r\n")), 400);
  EXPECT_EQ(status(with("Transfer-Encoding: chunked, gzip\r\n")), 501);
  EXPECT_EQ(status(with("Transfer-Encoding: gzip, chunked\r\n")), 501);
  EXPECT_EQ(status(with("Transfer-Encoding: gzip\r\nContent-Length: 3\r\n", "abc")), 501);
  EXPECT_EQ(status(with("Transfer-Encoding: xchunked\r\n")), 501);
  EXPECT_EQ(status(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")), 400);
  EXPECT_EQ(status("POST /a HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(status(with("Content-Length : 3\r\n", "abc")), 400);
  EXPECT_EQ(status(with("Transfer-Encoding : chunked\r\n", "0\r\n\r\n")), 400);
  EXPECT_EQ(status(with("Host: other\r\n")), 400);
  EXPECT_EQ(status("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status("GET / HTTP/1.1\nHost: h\n\n"), 505);  // no line end after the version
  EXPECT_EQ(status(with("X: a\rb\r\n")), 400);
  EXPECT_EQ(status(with("X: a\nb\r\n")), 400);
  EXPECT_EQ(status(with(std::string("X: a\0b\r\n", 8))), 400);
  EXPECT_EQ(status(with("Transfer-Encoding: chunked\r\n", "3\nabc\n0\n\n")), -1);  // bare LF ends no chunk size
  EXPECT_EQ(status(with("Transfer-Encoding: chunked\r\n", "3\r\nabcXY\r\n0")), 400);
  EXPECT_EQ(status(with("Transfer-Encoding: chunked\r\n", "-1\r\n\r\n")), 400);
}

TEST_F(RequestParserTest, RefusesWhatIsNoHttp11Request) {
  EXPECT_EQ(status("\x16\x03\x01\x02\x00\x01\r\n\r\n"), 400);
  EXPECT_EQ(status("GET  / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(status("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
  EXPECT_EQ(status("GET /a%zz HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status("CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"), 405);
  EXPECT_EQ(status("TRACE / HTTP/1.1\r\nHost: h\r\n\r\n"), 405);
  EXPECT_EQ(status(with("Expect: magic\r\n")), 417);
}

TEST_F(RequestParserTest, RefusesAHeaderOverItsBoundWhereverItLies) {
  const auto exact = [](std::size_t size, const std::string& start) {
    const std::string end = "\r\n\r\n";
    return start + std::string(size - start.size() - end.size(), 'x') + end;
  };
  const std::string start = "GET / HTTP/1.1\r\nHost: h\r\nX: ";
  EXPECT_EQ(status(exact(300, start)), 0);
  EXPECT_EQ(status(exact(301, start)), 431);
  EXPECT_EQ(status(exact(300, start), 1), 0);
  EXPECT_EQ(status(exact(301, start), 1), 431);
  EXPECT_EQ(status("GET /" + std::string(400, 'x')), 431);
  EXPECT_EQ(status("GET /" + std::string(400, 'x'), 1), 431);
  EXPECT_EQ(
      status("GET /" + std::string(250, 'x') + " HTTP/1.1\r\nHost: h\r\nX: " + std::string(250, 'x') + "\r\n\r\n"),
      431);
}

TEST_F(RequestParserTest, RefusesABodyOverItsBoundAsSoonAsItIsKnown) {
  EXPECT_EQ(status(with("Content-Length: 20\r\n", std::string(20, 'x'))), 0);
  EXPECT_EQ(status(with("Content-Length: 21\r\n")), 413);
  EXPECT_EQ(status(with("Transfer-Encoding: chunked\r\n", "15\r\nx")), 413);
  EXPECT_EQ(status(with("Transfer-Encoding: chunked\r\n", "14\r\n" + std::string(20, 'x') + "\r\n1\r\n")), 413);
  EXPECT_EQ(status(with("Transfer-Encoding: chunked\r\n", "1;" + std::string(400, 'x'))), 431);
  const auto trailers = with("Transfer-Encoding: chunked\r\n", "0\r\nX: " + std::string(400, 'x') + "\r\n\r\n");
  EXPECT_EQ(status(trailers), 431);
  EXPECT_EQ(status(trailers, 1), 431);
}

TEST_F(RequestParserTest, KnowsWhenTheClientWaitsForContinue) {
  feed(with("Expect: 100-Continue\r\nContent-Length: 2\r\n"));
  EXPECT_TRUE(parser_.wants_continue());
  parser_.put("a");
  EXPECT_FALSE(parser_.wants_continue());
  feed(with("Expect: 100-continue\r\nContent-Length: 2\r\n", "ab"));
  EXPECT_FALSE(parser_.wants_continue());
  EXPECT_EQ(parser_.state(), State::complete);
}

TEST_F(RequestParserTest, KnowsWhetherTheConnectionStays) {
  feed("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_FALSE(parser_.keep_alive());
  feed("GET / HTTP/1.0\r\n\r\n");
  EXPECT_FALSE(parser_.keep_alive());
  feed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(parser_.keep_alive());
}

}  // namespace
}  // namespace slipway::http
