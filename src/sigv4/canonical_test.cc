#include "sigv4/canonical.h"

#include <gtest/gtest.h>

namespace slipway::sigv4 {
namespace {

std::string path(std::string_view text, Rules rules = {}) {
  std::string out;
  append_canonical_path(out, text, rules);
  return out;
}

std::string query(std::string_view text) {
  std::string out;
  return append_canonical_query(out, text) ? out : "malformed";
}

TEST(Sigv4Canonical, a_path_is_encoded_once_more_over_what_was_sent) {
  EXPECT_EQ(path("/a b"), "/a%20b");
  EXPECT_EQ(path("/a%20b"), "/a%2520b");
  EXPECT_EQ(path("/a%2fb"), "/a%252fb");
  EXPECT_EQ(path("/A-z_0.9~/\xE1\x88\xB4"), "/A-z_0.9~/%E1%88%B4");
}

TEST(Sigv4Canonical, a_path_is_normalised) {
  EXPECT_EQ(path("/"), "/");
  EXPECT_EQ(path("//"), "/");
  EXPECT_EQ(path("/a//b/"), "/a/b/");
  EXPECT_EQ(path("/a/./b/../c"), "/a/c");
  EXPECT_EQ(path("/../.."), "/");
  EXPECT_EQ(path("/a/b/.."), "/a");
  EXPECT_EQ(path("/.a/..b/..."), "/.a/..b/...");
}

TEST(Sigv4Canonical, a_path_that_normalising_would_change_is_told) {
  for (const auto* good : {"/", "/a", "/a/", "/a/.b", "/..a/b..", "/%2e%2e/"}) EXPECT_TRUE(is_normalised(good)) << good;
  for (const auto* bad : {"//", "/a//b", "/./a", "/a/..", "/a/.", "/a//"}) EXPECT_FALSE(is_normalised(bad)) << bad;
}

TEST(Sigv4Canonical, an_s3_path_is_signed_as_sent) {
  EXPECT_EQ(path("/a//./../b%20c%2Fd", kS3Rules), "/a//./../b%20c%2Fd");
  EXPECT_EQ(path("/a$b%4", kS3Rules), "/a%24b%254");
}

TEST(Sigv4Canonical, query_pairs_are_encoded_again_and_sorted_by_name_then_value) {
  EXPECT_EQ(query(""), "");
  EXPECT_EQ(query("b=2&a=2&a=1"), "a=1&a=2&b=2");
  EXPECT_EQ(query("Param-3=x&Param=y&%E1%88%B4=z&param=w"), "%E1%88%B4=z&Param=y&Param-3=x&param=w");
  EXPECT_EQ(query("flag&empty="), "empty=&flag=");
  EXPECT_EQ(query("a=b=c/d"), "a=b%3Dc%2Fd");
  EXPECT_EQ(query("a+b=c+d%20e%2b"), "a%2Bb=c%2Bd%20e%2B");
  EXPECT_EQ(query("&&a=1&"), "a=1");
  EXPECT_EQ(query("a=1&X-Amz-Signature=s&X%2DAmz%2DSignature=t"), "a=1");
}

TEST(Sigv4Canonical, a_malformed_escape_is_noticed) {
  for (const auto* text : {"a=%", "a=%4", "a=%4g", "%zz=1"}) EXPECT_EQ(query(text), "malformed") << text;
}

TEST(Sigv4Canonical, header_values_are_trimmed_squeezed_and_joined_in_order_of_arrival) {
  const Headers headers = {{"B", " z  \"a   b\"\t"}, {"a", "1"}, {"b", "one\r\n  two"}, {"C", ""}};
  std::string out;
  EXPECT_EQ(append_canonical_headers(out, {"a", "b", "c"}, headers), "");
  EXPECT_EQ(out, "a:1\nb:z \"a b\",one two\nc:\n");
  EXPECT_EQ(append_canonical_headers(out, {"a", "d"}, headers), "d");
}

}  // namespace
}  // namespace slipway::sigv4
