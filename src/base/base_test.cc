#include <gtest/gtest.h>

#include <set>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/text.h"

namespace slipway::base {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return invalid("odd", "/n");
  return n / 2;
}

Result<int> quarter(int n) {
  const int once = TRY(half(n));
  return half(once).with_context("halving again");
}

TEST(Result, TryHandsTheErrorOn) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(3).error().field, "/n");
  EXPECT_EQ(quarter(6).error().describe(), "halving again: odd");
}

TEST(Error, OnlyWhatMayPassIsRetryable) {
  EXPECT_TRUE(unavailable("x").retryable());
  EXPECT_TRUE(timed_out("x").retryable());
  EXPECT_FALSE(invalid("x").retryable());
  EXPECT_FALSE(conflict("x").retryable());
}

TEST(Error, ErrnoKeepsItsMeaning) {
  EXPECT_EQ(from_errno("writing x", ENOSPC).kind, ErrorKind::unavailable);
  EXPECT_EQ(from_errno("writing x", ENOSPC).message, "writing x: No space left on device; free some space there");
  EXPECT_EQ(from_errno("opening x", ENOENT).kind, ErrorKind::not_found);
  EXPECT_EQ(from_errno("opening x", EACCES).message, "opening x: Permission denied");
}

TEST(Ids, UuidsAreVersionSevenAndSortByTime) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(new_uuid(1'700'000'000'000 + i));
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_EQ(seen.begin()->size(), 36u);
  EXPECT_EQ((*seen.begin())[14], '7');
  EXPECT_LT(new_uuid(1'700'000'000'000), new_uuid(1'700'000'000'001));
}

TEST(Ids, Sha256MatchesThePublishedValueOfNothing) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Text, PercentEncodingGoesThereAndBack) {
  const std::string text = "a b/c~\xc3\xa9+%";
  EXPECT_EQ(percent_encode(text), "a%20b%2Fc~%C3%A9%2B%25");
  EXPECT_EQ(percent_encode("a/b", "/"), "a/b");
  std::string back;
  ASSERT_TRUE(percent_decode(percent_encode(text), back));
  EXPECT_EQ(back, text);
}

TEST(Text, AMalformedEscapeIsRefused) {
  std::string out;
  EXPECT_FALSE(percent_decode("a%2", out));
  EXPECT_FALSE(percent_decode("a%zz", out));
}

TEST(Text, SplitAndTrim) {
  EXPECT_EQ(split("a,,b", ',').size(), 3u);
  EXPECT_EQ(split("", ',').size(), 1u);
  EXPECT_EQ(trim(" \ta b\r\n"), "a b");
  EXPECT_EQ(trim("  "), "");
}

// RFC 4231, test case 2.
TEST(Text, PrintableTextIsUtf8WithoutControlCharacters) {
  EXPECT_EQ(printable("a\tb\n\xC3\xA9 \xF0\x9F\x98\x80"), "a\tb\n\xC3\xA9 \xF0\x9F\x98\x80");
  EXPECT_EQ(printable("\x1b[31m\x07\x7f\xC2\x9B"), " [31m   ");
  EXPECT_EQ(printable("a\xff\xC3"), "a\uFFFD\uFFFD");
  EXPECT_EQ(printable(std::string_view("\0", 1)), " ");
}

TEST(Text, AnExcerptIsBoundedInCharacters) {
  EXPECT_EQ(excerpt(""), "");
  EXPECT_EQ(excerpt("four", 4), "four");
  EXPECT_EQ(excerpt("fours", 4), "fou…");
  EXPECT_EQ(excerpt("äöüß", 4), "äöüß");
  EXPECT_EQ(excerpt("äöüßé", 4), "äöü…");
  EXPECT_EQ(excerpt("a\xff\x01", 4), "a\uFFFD ");
  const auto long_one = excerpt(std::string(100'000, 'x'));
  EXPECT_EQ(long_one, std::string(99, 'x') + "…");
}

TEST(Ids, ASealIsHmacSha256) {
  const auto seal = hmac_sha256_hex(Secret("Jefe"), "what do ya want for nothing?");
  EXPECT_EQ(seal, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_TRUE(equal_in_constant_time(seal, std::string(seal)));
  EXPECT_FALSE(equal_in_constant_time(seal, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3844"));
  EXPECT_FALSE(equal_in_constant_time(seal, seal.substr(1)));
}

TEST(Clock, PrintsBothForms) {
  const Time time{std::chrono::milliseconds(1'619'740'800'007)};
  EXPECT_EQ(iso8601(time), "2021-04-30T00:00:00.007Z");
  EXPECT_EQ(basic_iso8601(time), "20210430T000000Z");
}

TEST(Secret, PrintsAPlaceholder) {
  const Secret secret("hunter2");
  EXPECT_EQ(format_as(secret).find("hunter2"), std::string_view::npos);
  Secret moved = Secret(secret);
  EXPECT_EQ(moved.reveal(), "hunter2");
}

}  // namespace
}  // namespace slipway::base
