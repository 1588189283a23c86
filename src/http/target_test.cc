#include "http/target.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace slipway::http {
namespace {

// "path | name=value | ..." or "refused".
std::string parse(std::string_view target) {
  const auto parsed = parse_target(target);
  if (!parsed) return "refused";
  std::string text = parsed->path;
  for (const auto& [name, value] : parsed->query) text += " | " + name + "=" + value;
  return text;
}

TEST(Target, SplitsPathAndQueryAndDecodesBoth) {
  EXPECT_EQ(parse("/v3/clusters"), "/v3/clusters");
  EXPECT_EQ(parse("/v3/clusters?a=1&b=x%20y&a=2"), "/v3/clusters | a=1 | b=x y | a=2");
  EXPECT_EQ(parse("/a%20b/%C3%A9?q=%C3%A9+%2B"), "/a b/\xc3\xa9 | q=\xc3\xa9 +");
  EXPECT_EQ(parse("/?"), "/");
  EXPECT_EQ(parse("/?a&=b&&c="), "/ | a= | =b | c=");
  EXPECT_EQ(parse("/?a=b=c?d"), "/ | a=b=c?d");
  EXPECT_EQ(parse("/?cursor=%0A"), "/ | cursor=\n");
}

TEST(Target, KeepsAnEncodedSlashFromDividingSegments) {
  EXPECT_EQ(parse("/a%2Fb/c"), "/a%2Fb/c");
  EXPECT_EQ(parse("/a%2fb"), "/a%2Fb");
  EXPECT_EQ(parse("/?a=%2F"), "/ | a=/");
}

TEST(Target, LeavesDotsAndEmptySegmentsAsTheyAre) {
  EXPECT_EQ(parse("/v3/../slipway//x/./"), "/v3/../slipway//x/./");
  EXPECT_EQ(parse("/v3/%2e%2e/x"), "/v3/../x");
}

TEST(Target, TakesAbsoluteAndAsteriskForms) {
  EXPECT_EQ(parse("https://host:8443/v3?a=1"), "/v3 | a=1");
  EXPECT_EQ(parse("HTTP://host"), "/");
  EXPECT_EQ(parse("http://host?a=1"), "/ | a=1");
  EXPECT_EQ(parse("*"), "*");
}

TEST(Target, RefusesWhatIsMalformed) {
  for (const auto* target : {"",     "v3",      "?a=1",         "/a%",         "/a%2",       "/a%zz",    "/?a=%",
                             "/a#b", "/a b",    "/caf\xc3\xa9", "/%FF",        "/%C3",       "/%00",     "/a%0Ab",
                             "/%7F", "/?a=%00", "/?a=%FF",      "ftp://host/", "https:///x", "host:443", "https://"}) {
    EXPECT_EQ(parse(target), "refused") << target;
  }
  EXPECT_EQ(parse("//host/x"), "//host/x");
}

TEST(Target, OfAnotherServerIsTakenAsItCame) {
  const auto foreign = [](std::string_view target) -> std::string {
    const auto parsed = parse_foreign_target(target);
    if (!parsed) return "refused";
    std::string text = parsed->path;
    for (const auto& [name, value] : parsed->query) text += " | " + name + "=" + value;
    return text;
  };
  EXPECT_EQ(foreign("/50%/%zz/%ff%00/%20"), "/50%/%zz/%ff%00/%20");
  EXPECT_EQ(foreign("/caf\xe9\xff"), "/caf%E9%FF");
  EXPECT_EQ(foreign("/x?%=1&ticket=a%20b&c=%FF&d"), "/x | ticket=a b | d=");
  EXPECT_EQ(foreign("/?"), "/");
  for (const auto* target : {"", "*", "a", "https://host/", "/a b", "/a\tb", "/a\x7f", "/a#b", "/?\r\n"}) {
    EXPECT_EQ(foreign(target), "refused") << target;
  }
}

}  // namespace
}  // namespace slipway::http
