#include "sigv4/signer.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "sigv4/digest.h"

namespace slipway::sigv4 {
namespace {

using namespace std::chrono_literals;

base::Time at(std::chrono::sys_days day, std::chrono::seconds time = 0s) {
  return day + time;
}

// The worked examples that AWS's documentation publishes.
struct Sigv4WorkedExample : testing::Test {
  std::string sign(std::string method, std::string target, Headers headers, std::string body = {}) {
    const auto result = signer.sign({.method = method, .target = target, .headers = headers, .body = body}, s3_key, s3);
    return result ? result->signature : result.error().message;
  }

  const base::Time may_24 = at(std::chrono::year(2013) / 5 / 24);
  const Credentials s3_key{.access_key_id = "AKIAIOSFODNN7EXAMPLE",
                           .secret = base::Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                           .session_token = {}};
  const Scope s3{.region = "us-east-1", .service = "s3", .time = may_24, .rules = kS3Rules};
  const std::pair<std::string, std::string> host{"Host", "examplebucket.s3.amazonaws.com"};
  Signer signer;
};

TEST_F(Sigv4WorkedExample, iam_list_users) {
  const base::Secret secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  const Headers headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
                           {"Host", "iam.amazonaws.com"}};
  const auto result =
      signer.sign({.method = "GET", .target = "/?Action=ListUsers&Version=2010-05-08", .headers = headers},
                  {.access_key_id = "AKIDEXAMPLE", .secret = secret, .session_token = {}},
                  {.region = "us-east-1", .service = "iam", .time = at(std::chrono::year(2015) / 8 / 30, 12h + 36min)});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->signature, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

TEST_F(Sigv4WorkedExample, the_derived_key_of_the_documentation) {
  const base::Secret secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  // The key itself is never shown; what it signs is the same as what the published key signs.
  std::string published;
  ASSERT_TRUE(base::percent_decode(
      "%c4%af%b1%cc%57%71%d8%71%76%3a%39%3e%44%b7%03%57%1b%55%cc%28%42%4d%1a%5e%86%da%6e%d3%c1%54%a4%b9", published));
  EXPECT_EQ(signing_key(secret, "20150830", "us-east-1", "iam").sign("text"), HmacKey(published).sign("text"));
}

TEST_F(Sigv4WorkedExample, s3_get_with_a_range) {
  EXPECT_EQ(sign("GET", "/test.txt", {host, {"Range", "bytes=0-9"}}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_F(Sigv4WorkedExample, s3_put_with_a_dollar_in_its_path) {
  EXPECT_EQ(sign("PUT", "/test$file.text",
                 {host, {"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                 "Welcome to Amazon S3."),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_F(Sigv4WorkedExample, s3_path_that_is_encoded_already_is_signed_as_sent) {
  EXPECT_EQ(sign("PUT", "/test%24file.text",
                 {host, {"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                 "Welcome to Amazon S3."),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_F(Sigv4WorkedExample, s3_get_of_a_lifecycle) {
  EXPECT_EQ(sign("GET", "/?lifecycle", {host}), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST_F(Sigv4WorkedExample, s3_list_of_a_bucket) {
  EXPECT_EQ(sign("GET", "/?max-keys=2&prefix=J", {host}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_F(Sigv4WorkedExample, s3_presigned_get) {
  const Headers headers = {host};
  const auto result =
      signer.presign({.method = "GET", .target = "/test.txt", .headers = headers}, s3_key, s3, std::chrono::days(1));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->signature, "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

struct Sigv4Signer : testing::Test {
  base::Result<Signed> sign(std::string target, Headers headers, Rules rules = {}) {
    return signer.sign({.method = "GET", .target = target, .headers = headers},
                       {.access_key_id = "AKIDEXAMPLE", .secret = secret, .session_token = token},
                       {.region = region, .service = "service", .time = now, .rules = rules});
  }
  base::Result<Presigned> presign(std::string target, std::chrono::seconds expires) {
    const Headers headers = {{"Host", "example.org"}};
    return signer.presign({.method = "GET", .target = target, .headers = headers},
                          {.access_key_id = "AKIDEXAMPLE", .secret = secret, .session_token = token},
                          {.region = region, .service = "service", .time = now}, expires);
  }
  std::string authorization(Headers headers) {
    headers.emplace_back("Host", "example.org");
    const auto result = sign("/", headers);
    return result ? result->headers.back().second : result.error().message;
  }

  std::string region = "us-east-1";
  base::Secret secret{"secret"};
  base::Secret token;
  base::Time now = at(std::chrono::year(2015) / 8 / 30);
  Signer signer;
};

TEST_F(Sigv4Signer, passes_over_what_hops_change_and_what_an_earlier_signature_left) {
  const auto plain = authorization({});
  EXPECT_EQ(authorization({{"Authorization", "stale"}, {"X-Amz-Date", "stale"}, {"x-amz-security-token", "stale"}}),
            plain);
  EXPECT_EQ(authorization({{"User-Agent", "a"}, {"connection", "close"}, {"X-Amzn-Trace-Id", "b"}}), plain);
  EXPECT_NE(authorization({{"Accept", "a"}}), plain);
}

TEST_F(Sigv4Signer, signs_the_session_token_it_adds) {
  token = base::Secret("the-token");
  const auto result = sign("/", {{"Host", "example.org"}});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->headers.at(1), std::make_pair(std::string("X-Amz-Security-Token"), std::string("the-token")));
  EXPECT_NE(result->canonical_request.find("\nx-amz-security-token:the-token\n"), std::string::npos);
}

TEST_F(Sigv4Signer, takes_a_declared_payload_hash_as_it_is) {
  const auto result = sign("/", {{"Host", "example.org"}, {"x-amz-content-sha256", "UNSIGNED-PAYLOAD"}}, kS3Rules);
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->canonical_request.ends_with("\nUNSIGNED-PAYLOAD"));
  EXPECT_EQ(result->headers.size(), 2u);  // date and authorization
}

TEST_F(Sigv4Signer, a_changed_secret_under_the_same_id_is_not_served_from_the_cache) {
  const auto before = authorization({});
  secret = base::Secret("another");
  EXPECT_NE(authorization({}), before);
}

TEST_F(Sigv4Signer, refuses_what_it_cannot_sign) {
  EXPECT_EQ(sign("/", {}).error().kind, base::ErrorKind::invalid);  // no host
  EXPECT_EQ(sign("*", {{"Host", "a"}}).error().kind, base::ErrorKind::invalid);
  EXPECT_EQ(sign("/?a=%4", {{"Host", "a"}}).error().kind, base::ErrorKind::invalid);
  EXPECT_FALSE(presign("/", 0s));
  EXPECT_TRUE(presign("/", 604'800s));
  EXPECT_FALSE(presign("/", 604'801s));
  region = "";
  EXPECT_EQ(sign("/", {{"Host", "a"}}).error().kind, base::ErrorKind::invalid);
}

TEST_F(Sigv4Signer, appends_to_the_query_that_is_there) {
  EXPECT_TRUE(presign("/a", 60s)->target.starts_with("/a?X-Amz-Algorithm="));
  EXPECT_TRUE(presign("/a?b=c", 60s)->target.starts_with("/a?b=c&X-Amz-Algorithm="));
}

}  // namespace
}  // namespace slipway::sigv4
