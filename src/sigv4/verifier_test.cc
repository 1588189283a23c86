#include "sigv4/verifier.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/text.h"
#include "sigv4/signer.h"

namespace slipway::sigv4 {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::string_view kAccepted = "";

// One request that can be signed, tampered with and verified.
struct Sigv4Verifier : testing::Test {
  Sigv4Verifier() {
    settings.service = "execute-api";
    credentials = {.access_key_id = "AKIAEXAMPLE", .secret = secret, .session_token = {}};
    target = "/v3/clusters/a%20b?region=local&tag=x%2Fy";
    headers = {{"Host", "127.0.0.1:8443"},
               {"Content-Type", "application/json"},
               {"X-Amz-Meta", "  two   words "},
               {"User-Agent", "test"}};
    body = R"({"clusterName":"one"})";
  }

  Request request() const { return {.method = method, .target = target, .headers = headers, .body = body}; }

  void sign(Rules rules = {}) {
    const auto result = signer.sign(request(), credentials, scope(rules));
    ASSERT_TRUE(result) << result.error().message;
    for (const auto& header : result->headers) headers.push_back(header);
  }
  void presign(std::chrono::seconds expires = 3600s, Rules rules = {}) {
    const auto result = signer.presign(request(), credentials, scope(rules), expires);
    ASSERT_TRUE(result) << result.error().message;
    target = result->target;
  }
  Scope scope(Rules rules) const {
    return {.region = region, .service = "execute-api", .time = signed_at, .rules = rules};
  }

  base::Result<void> verify() {
    Verifier fresh(settings);
    return verify_with(fresh);
  }
  base::Result<void> verify_with(Verifier& verifier) {
    const auto claim = TRY(verifier.parse(request()));
    if (claim.access_key_id() != "AKIAEXAMPLE") return verifier.refuse_unknown(claim);
    return verifier.check(claim, secret, now);
  }
  // The code of the refusal, or kAccepted.
  std::string code() {
    const auto result = verify();
    if (result) return std::string(kAccepted);
    EXPECT_EQ(result.error().kind, base::ErrorKind::unauthenticated);
    EXPECT_FALSE(result.error().message.empty());
    return result.error().code;
  }

  std::string& header(std::string_view name) {
    for (auto& [key, value] : headers) {
      if (base::lower(key) == base::lower(name)) return value;
    }
    ADD_FAILURE() << "no header " << name;
    return headers.front().second;
  }
  void remove(std::string_view name) {
    std::erase_if(headers, [&](const auto& entry) { return base::lower(entry.first) == base::lower(name); });
  }
  void replace(std::string& text, std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from << " in " << text;
    text.replace(at, from.size(), to);
  }

  // Flips every bit of `text` in turn; each must be refused, unless `same(index, byte)` says that the change means
  // nothing.
  void expect_every_bit_counts(std::string_view what, std::string& text,
                               const std::function<bool(std::size_t, char)>& same = {}) {
    ASSERT_EQ(code(), kAccepted) << what;
    Verifier verifier(settings);
    for (std::size_t i = 0; i < text.size(); ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        const char before = text[i];
        text[i] = static_cast<char>(before ^ (1 << bit));
        const bool accepted = verify_with(verifier).has_value();
        EXPECT_EQ(accepted, same && same(i, text[i])) << what << ", byte " << i << ", bit " << bit << ": " << text;
        text[i] = before;
      }
    }
    ASSERT_EQ(code(), kAccepted) << what;
  }

  base::Secret secret{"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
  Credentials credentials;
  std::string region = "eu-west-2";
  base::Time signed_at = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1) + 12h;
  base::Time now = signed_at;
  VerifierSettings settings;
  Signer signer;

  std::string method = "POST";
  std::string target;
  Headers headers;
  std::string body;
};

// True where only the case of a query's escape changes: %2f and %2F are the same byte.
auto case_of_an_escape(std::string target) {
  return [target = base::lower(target)](std::size_t i, char byte) {
    if (i < 2 || i < target.find('?')) return false;
    const bool in_escape = target[i - 1] == '%' || target[i - 2] == '%';
    return in_escape && base::lower(std::string(1, byte))[0] == target[i];
  };
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

TEST_F(Sigv4Verifier, accepts_what_our_signer_signed_in_both_forms) {
  sign();
  EXPECT_EQ(code(), kAccepted);
  headers = {{"Host", "127.0.0.1:8443"}};
  method = "GET";
  body.clear();
  presign();
  EXPECT_EQ(code(), kAccepted);
}

TEST_F(Sigv4Verifier, every_bit_of_a_signed_request_counts) {
  settings.rules.content_sha256 = true;
  sign({.content_sha256 = true});
  expect_every_bit_counts("method", method);
  expect_every_bit_counts("target", target, case_of_an_escape(target));
  expect_every_bit_counts("body", body);
  for (auto& [name, value] : headers) {
    if (name == "User-Agent") continue;
    if (name == "X-Amz-Meta") value = "two words";  // without the blanks that do not count
    expect_every_bit_counts("value of " + name, value);
    const std::string original = name;
    expect_every_bit_counts("name " + original, name, [&](std::size_t i, char byte) {
      return is_letter(byte) && base::lower(original)[i] == base::lower(std::string(1, byte))[0];
    });
  }
}

TEST_F(Sigv4Verifier, every_bit_of_a_presigned_request_counts) {
  headers = {{"Host", "127.0.0.1:8443"}};
  presign();
  expect_every_bit_counts("method", method);
  expect_every_bit_counts("target", target, case_of_an_escape(target));
  expect_every_bit_counts("host", headers[0].second);
  expect_every_bit_counts("body", body);
}

TEST_F(Sigv4Verifier, the_session_token_of_a_temporary_key_is_covered) {
  credentials.session_token = base::Secret("session");
  sign();
  EXPECT_EQ(code(), kAccepted);
  const auto claim = Verifier(settings).parse(request());
  ASSERT_TRUE(claim);
  EXPECT_TRUE(claim->has_session_token);
  expect_every_bit_counts("token", header("x-amz-security-token"));
}

TEST_F(Sigv4Verifier, an_unsigned_request_has_no_authentication_token) {
  EXPECT_EQ(code(), kMissingAuthenticationToken);
  target = "/v3/clusters";
  EXPECT_EQ(code(), kMissingAuthenticationToken);
}

TEST_F(Sigv4Verifier, header_and_query_at_once_are_refused) {
  presign();
  sign();
  EXPECT_EQ(code(), kIncompleteSignature);
  target = "/?X-Amz-Signature=x";
  EXPECT_EQ(code(), kIncompleteSignature);
  target = "/?X%2DAmz%2DCredential=x";  // the same parameter, disguised
  EXPECT_EQ(code(), kIncompleteSignature);
}

TEST_F(Sigv4Verifier, a_malformed_authorization_header_is_incomplete) {
  sign();
  const auto good = header("Authorization");
  const auto expect_incomplete = [&](std::string text) {
    header("Authorization") = text;
    EXPECT_EQ(code(), kIncompleteSignature) << text;
  };
  expect_incomplete("");
  expect_incomplete("Bearer abc");
  expect_incomplete("AWS4-HMAC-SHA256");
  expect_incomplete("AWS4-ECDSA-P256-SHA256" + good.substr(16));
  expect_incomplete(good + ",");
  expect_incomplete(good + ", Signature=" + std::string(64, '0'));
  expect_incomplete(good + ", Extra=1");
  expect_incomplete(good + "0");
  expect_incomplete(good.substr(0, good.rfind(',')));
  expect_incomplete(good.substr(0, good.size() - 1) + "G");
  expect_incomplete(good + std::string(4096, ' '));
  for (const auto* field : {"Credential=", "SignedHeaders=", "Signature="}) {
    auto text = good;
    replace(text, field, "Other=");
    expect_incomplete(text);
  }
  for (const auto* credential :
       {"AKIAEXAMPLE/20260301/eu-west-2/execute-api", "AKIAEXAMPLE/20260301//execute-api/aws4_request",
        "AKIAEXAMPLE/20260301/eu/west/execute-api/aws4_request", "////", ""}) {
    auto text = good;
    replace(text, "AKIAEXAMPLE/20260301/eu-west-2/execute-api/aws4_request", credential);
    expect_incomplete(text);
  }
}

TEST_F(Sigv4Verifier, fields_may_stand_in_any_order_and_without_blanks) {
  sign();
  auto pieces = base::split(header("Authorization"), ' ');
  const auto credential = std::string(pieces[1]), names = std::string(pieces[2]), signature = std::string(pieces[3]);
  header("Authorization") = "AWS4-HMAC-SHA256 " + names + credential + signature;
  EXPECT_EQ(code(), kAccepted);
}

TEST_F(Sigv4Verifier, a_doubled_header_that_matters_is_refused) {
  sign();
  const auto signed_headers = headers;
  for (const auto* name : {"Authorization", "X-Amz-Date", "Host", "Content-Type", "X-Amz-Meta"}) {
    headers = signed_headers;
    headers.emplace_back(name, header(name));
    EXPECT_NE(code(), kAccepted) << name;
  }
  for (const auto* name : {"Authorization", "X-Amz-Date"}) {
    headers = signed_headers;
    headers.emplace_back(name, header(name));
    EXPECT_EQ(code(), kIncompleteSignature) << name;
  }
}

TEST_F(Sigv4Verifier, a_header_that_must_be_covered_and_is_not_is_refused) {
  sign();
  headers.emplace_back("x-amz-added", "1");
  EXPECT_EQ(code(), kSignatureDoesNotMatch);
  headers.back().first = "X-AMZ-ADDED";
  EXPECT_EQ(code(), kSignatureDoesNotMatch);
  headers.back().first = "x-other";
  EXPECT_EQ(code(), kAccepted);

  remove("Authorization");
  remove("X-Amz-Date");
  remove("Content-Type");
  sign();
  headers.emplace_back("Content-Type", "text/plain");
  EXPECT_EQ(code(), kSignatureDoesNotMatch);
}

TEST_F(Sigv4Verifier, an_added_x_amz_header_is_refused_in_the_presigned_form_too) {
  headers = {{"Host", "127.0.0.1:8443"}};
  presign();
  headers.emplace_back("Content-Type", "text/plain");
  EXPECT_EQ(code(), kAccepted);
  headers.emplace_back("x-amz-security-token", "stolen");
  EXPECT_EQ(code(), kSignatureDoesNotMatch);
}

TEST_F(Sigv4Verifier, signed_headers_must_be_a_sorted_list_of_lower_case_names) {
  sign();
  auto& authorization = header("Authorization");
  const auto good = authorization;
  const std::string list = "content-type;host;x-amz-date;x-amz-meta";
  for (const auto* bad : {"host;content-type;x-amz-date;x-amz-meta", "content-type;host;host;x-amz-date;x-amz-meta",
                          "Content-Type;host;x-amz-date;x-amz-meta", ";content-type;host;x-amz-date;x-amz-meta",
                          "content-type;host;x-amz-date;x-amz-meta;", "content-type; host;x-amz-date;x-amz-meta"}) {
    authorization = good;
    replace(authorization, list, bad);
    EXPECT_EQ(code(), kIncompleteSignature) << bad;
  }
  authorization = good;
  replace(authorization, list, "content-type;x-amz-date;x-amz-meta");
  EXPECT_EQ(code(), kSignatureDoesNotMatch);
  EXPECT_THAT(verify().error().message, HasSubstr("'host'"));
  authorization = good;
  replace(authorization, list, list + ";x-none");
  EXPECT_EQ(code(), kSignatureDoesNotMatch);
  EXPECT_THAT(verify().error().message, HasSubstr("not in the request"));
}

TEST_F(Sigv4Verifier, a_host_must_be_there_once) {
  sign();
  remove("Host");
  EXPECT_EQ(code(), kSignatureDoesNotMatch);
  headers = {{"Host", "one"}, {"host", "two"}};
  sign();  // even so
  EXPECT_EQ(code(), kSignatureDoesNotMatch);
}

TEST_F(Sigv4Verifier, limits_hold_at_their_edge) {
  for (int i = 0; i < 60; ++i) headers.emplace_back(fmt::format("h{:02}", i), "v");
  sign();  // 60, and content-type, host, x-amz-date, x-amz-meta
  EXPECT_EQ(code(), kAccepted);
  remove("Authorization");
  remove("X-Amz-Date");
  headers.emplace_back("h60", "v");
  sign();
  EXPECT_EQ(code(), kIncompleteSignature);
}

TEST_F(Sigv4Verifier, a_query_may_have_256_pairs) {
  target = "/?a";
  for (int i = 1; i < 256; ++i) target += "&a";
  sign();
  EXPECT_EQ(code(), kAccepted);
  target += "&a";
  EXPECT_EQ(code(), kIncompleteSignature);
}

TEST_F(Sigv4Verifier, a_request_may_have_256_headers) {
  while (headers.size() < 254) headers.emplace_back("User-Agent", "v");
  sign();
  EXPECT_EQ(code(), kAccepted);
  headers.emplace_back("User-Agent", "v");
  EXPECT_EQ(code(), kIncompleteSignature);
}

TEST_F(Sigv4Verifier, the_scope_must_be_ours_and_any_region_will_do) {
  sign();
  EXPECT_EQ(code(), kAccepted);
  settings.region = "eu-west-2";
  EXPECT_EQ(code(), kAccepted);
  settings.region = "local";
  EXPECT_EQ(code(), kSignatureDoesNotMatch);
  settings.region.clear();
  settings.service = "s3";
  EXPECT_EQ(code(), kSignatureDoesNotMatch);
  settings.service = "execute-api";
  const auto good = header("Authorization");
  replace(header("Authorization"), "aws4_request", "aws5_request");
  EXPECT_EQ(code(), kSignatureDoesNotMatch);
  EXPECT_THAT(verify().error().message, HasSubstr("terminator"));
  header("Authorization") = good;
  replace(header("Authorization"), "20260301", "20260302");
  EXPECT_EQ(code(), kSignatureDoesNotMatch);
  EXPECT_THAT(verify().error().message, HasSubstr("Date in Credential scope"));
}

TEST_F(Sigv4Verifier, a_time_must_be_one) {
  sign();
  for (const auto* bad : {"", "20260301", "2026-03-01T12:00:00Z", "20260301T120000", "20260301T120000z",
                          "20260231T120000Z", "20261301T120000Z", "20260301T240000Z", "20260301T12000aZ"}) {
    header("X-Amz-Date") = bad;
    EXPECT_EQ(code(), kIncompleteSignature) << bad;
  }
  remove("X-Amz-Date");
  EXPECT_EQ(code(), kIncompleteSignature);
}

TEST_F(Sigv4Verifier, the_window_is_five_minutes_each_way) {
  sign();
  now = signed_at + 5min;
  EXPECT_EQ(code(), kAccepted);
  now += 1ms;
  EXPECT_EQ(code(), kSignatureExpired);
  EXPECT_EQ(verify().error().message,
            "Signature expired: 20260301T120000Z is now earlier than 20260301T120000Z (20260301T120500Z - 5 min.)");
  now = signed_at - 5min;
  EXPECT_EQ(code(), kAccepted);
  now -= 1ms;
  EXPECT_EQ(code(), kSignatureNotYetCurrent);
  settings.window = 15min;
  EXPECT_EQ(code(), kAccepted);
}

TEST_F(Sigv4Verifier, a_presigned_request_lives_as_long_as_it_says) {
  presign(60s);
  now = signed_at + 60s;
  EXPECT_EQ(code(), kAccepted);
  now += 1ms;
  EXPECT_EQ(code(), kSignatureExpired);
  now = signed_at - 5min;
  EXPECT_EQ(code(), kAccepted);
  now -= 1ms;
  EXPECT_EQ(code(), kSignatureNotYetCurrent);
}

TEST_F(Sigv4Verifier, a_presigned_request_names_all_its_parameters_once) {
  headers = {{"Host", "127.0.0.1:8443"}};
  presign();
  const auto good = target;
  for (const auto* name : {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders",
                           "X-Amz-Signature"}) {
    target = good;
    replace(target, fmt::format("&{}=", name), fmt::format("&{}x=", name));
    EXPECT_EQ(code(), kIncompleteSignature) << name;
    target = good + fmt::format("&{}=1", name);
    EXPECT_EQ(code(), kIncompleteSignature) << name;
  }
  for (const auto* expires : {"0", "604801", "-1", "1x", "", "99999999999999999999"}) {
    target = good;
    replace(target, "X-Amz-Expires=3600", fmt::format("X-Amz-Expires={}", expires));
    EXPECT_EQ(code(), kIncompleteSignature) << expires;
  }
}

TEST_F(Sigv4Verifier, a_declared_payload_hash_must_be_the_body_s) {
  sign({.content_sha256 = true});
  EXPECT_EQ(code(), kAccepted);
  body += " ";
  EXPECT_EQ(code(), kSignatureDoesNotMatch);
  for (const auto* bad : {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "unsigned-payload", ""}) {
    header("X-Amz-Content-Sha256") = bad;
    EXPECT_EQ(code(), kIncompleteSignature) << bad;
  }
}

TEST_F(Sigv4Verifier, an_unsigned_body_passes_only_where_it_is_allowed) {
  headers.emplace_back("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
  sign();
  EXPECT_EQ(code(), kIncompleteSignature);
  settings.allow_unsigned_payload = true;
  EXPECT_EQ(code(), kAccepted);
}

TEST_F(Sigv4Verifier, the_rules_of_s3_hold_on_both_sides) {
  settings.rules = kS3Rules;
  target = "/a//b/../c%20d$";
  sign(kS3Rules);
  EXPECT_EQ(code(), kAccepted);
  remove("X-Amz-Content-Sha256");
  EXPECT_EQ(code(), kIncompleteSignature);
  headers = {{"Host", "bucket"}};
  target = "/key";
  presign(60s, kS3Rules);
  body = "anything";
  EXPECT_EQ(code(), kAccepted);
}

TEST_F(Sigv4Verifier, an_unknown_key_is_told_from_a_wrong_signature) {
  sign();
  replace(header("Authorization"), "AKIAEXAMPLE", "AKIANOBODY0");
  EXPECT_EQ(code(), kUnrecognizedClient);
}

TEST_F(Sigv4Verifier, a_key_that_never_matched_is_not_cached_and_a_wrong_secret_never_passes) {
  sign();
  settings.cached_keys = 1;
  Verifier verifier(settings);
  EXPECT_TRUE(verify_with(verifier));
  EXPECT_TRUE(verify_with(verifier));  // from the cache; an honest repeat
  const auto claim = verifier.parse(request());
  ASSERT_TRUE(claim);
  EXPECT_FALSE(verifier.check(*claim, base::Secret("other"), now));
  EXPECT_TRUE(verify_with(verifier));
  verifier.forget("AKIAEXAMPLE");
  EXPECT_TRUE(verify_with(verifier));
}

TEST_F(Sigv4Verifier, a_malformed_query_is_refused) {
  sign();
  target += "&a=%zz";
  EXPECT_EQ(code(), kIncompleteSignature);
  target = "*";
  EXPECT_EQ(code(), kIncompleteSignature);
}

TEST_F(Sigv4Verifier, a_mismatch_is_explained_with_what_we_see_and_the_error_keeps_the_query_to_itself) {
  sign();
  target += "&private=query";
  const auto result = verify();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().describe().find("query"), std::string::npos);
  const auto text = mismatch_explanation(Verifier(settings), request());
  EXPECT_TRUE(
      text.starts_with(result.error().message + "\n\nThe Canonical String for this request should have been\n'POST\n"));
  EXPECT_NE(text.find("&region=local&tag="), std::string::npos);
  EXPECT_NE(text.find("\n\nThe String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20260301T120000Z\n"),
            std::string::npos);
}

}  // namespace
}  // namespace slipway::sigv4
