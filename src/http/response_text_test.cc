#include "http/response_text.h"

#include <gtest/gtest.h>

#include <set>

#include "http/request_id.h"

namespace slipway::http {
namespace {

const base::Time kNow = std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) + std::chrono::seconds(31777);

std::string text(const Response& response, const ResponseFraming& framing = {}) {
  std::string out = "left over";
  write_response(response, framing, kNow, out);
  return out;
}

TEST(ResponseText, IsHeaderAndBody) {
  EXPECT_EQ(text({.status = 200, .headers = {{"X-Y", "z"}}, .body = "{}"}, {.request_id = "id"}),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: application/json\r\n"
            "Content-Length: 2\r\nx-amzn-RequestId: id\r\nX-Y: z\r\n\r\n{}");
}

TEST(ResponseText, LeavesTheBodyOutForHeadAndFor204) {
  const auto head = text({.status = 200, .headers = {}, .body = "{}"}, {.is_head = true});
  EXPECT_TRUE(head.ends_with("Content-Length: 2\r\n\r\n"));
  const auto none = text({.status = 204, .headers = {}, .body = "{}"});
  EXPECT_TRUE(none.ends_with("GMT\r\n\r\n")) << none;
}

TEST(ResponseText, SaysThatTheConnectionCloses) {
  EXPECT_NE(text({.status = 299}, {.closes = true}).find("\r\nConnection: close\r\n"), std::string::npos);
}

TEST(ResponseText, LetsNoHeaderBreakTheLine) {
  const auto safe = text({.status = 200, .headers = {{"X", "a\r\nSet-Cookie: b"}, {"Y\n", "c"}, {"Z", "d"}}});
  EXPECT_EQ(safe.find("Set-Cookie"), std::string::npos);
  EXPECT_EQ(safe.find("c\r\n"), std::string::npos);
  EXPECT_NE(safe.find("\r\nZ: d\r\n"), std::string::npos);
}

TEST(RequestId, IsAUuidOfItsTime) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(new_request_id(base::Time(std::chrono::milliseconds(0x0123456789ab))));
  EXPECT_EQ(ids.size(), 1000U);
  for (const auto& id : ids) {
    EXPECT_EQ(id.substr(0, 15), "01234567-89ab-7");
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
    EXPECT_EQ(id.size(), 36U);
  }
}

}  // namespace
}  // namespace slipway::http
