#include "sigv4/signer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/text.h"
#include "sigv4/canonical.h"
#include "sigv4/credential.h"
#include "sigv4/digest.h"

namespace slipway::sigv4 {

namespace {

// Headers that a hop between may change or drop (botocore's list), and what signing itself sets.
constexpr std::array<std::string_view, 14> kNeverSigned = {"authorization",
                                                           "connection",
                                                           "expect",
                                                           "keep-alive",
                                                           "proxy-authenticate",
                                                           "proxy-authorization",
                                                           "te",
                                                           "trailer",
                                                           "transfer-encoding",
                                                           "upgrade",
                                                           "user-agent",
                                                           "x-amz-date",
                                                           "x-amz-security-token",
                                                           "x-amzn-trace-id"};

bool is_signed(std::string_view name) {
  return std::none_of(kNeverSigned.begin(), kNeverSigned.end(), [&](auto other) { return same_name(name, other); });
}

const std::string* find_header(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return &value;
  }
  return nullptr;
}

base::Result<void> check_form(const Request& request) {
  if (!request.target.starts_with('/')) return base::invalid("the target to sign must start with '/'", "target");
  if (!find_header(request.headers, "host")) return base::invalid("the request to sign has no host header", "host");
  return {};
}

Headers signed_headers(const Headers& headers) {
  Headers kept;
  for (const auto& header : headers) {
    if (is_signed(header.first)) kept.push_back(header);
  }
  return kept;
}

std::string hash_hex(std::string_view data) {
  std::string hex;
  append_hex(hex, sha256(data));
  return hex;
}

// Lower case, sorted, each once.
std::vector<std::string> names_of(const Headers& headers) {
  std::vector<std::string> names;
  for (const auto& header : headers) names.push_back(base::lower(header.first));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

base::Result<std::string> canonical_request(std::string_view method, std::string_view target, const Headers& headers,
                                            const std::vector<std::string>& names, std::string_view payload,
                                            const Rules& rules) {
  const std::vector<std::string_view> views(names.begin(), names.end());
  auto head = canonical_head(method, split_target(target), headers, views, rules);
  if (head.malformed_query) return base::invalid("the query to sign has a malformed percent-escape", "target");
  head.text += payload;
  return std::move(head.text);
}

}  // namespace

base::Result<std::string> Signer::signature(const Credentials& credentials, const std::string& credential,
                                            const std::string& text) {
  const HmacKey* key = keys_.find(credential, credentials.secret);
  if (!key) {
    const auto parts = parse_credential(credential);
    if (!parts) return base::invalid("access key id, region and service must be plain words without '/'");
    keys_.insert(credential, credentials.secret,
                 signing_key(credentials.secret, parts->date, parts->region, parts->service));
    key = keys_.find(credential, credentials.secret);
  }
  std::string hex;
  append_hex(hex, key->sign(text));
  return hex;
}

base::Result<Signed> Signer::sign(const Request& request, const Credentials& credentials, const Scope& scope) {
  TRY(check_form(request));
  const auto time = base::basic_iso8601(scope.time);
  const auto* declared = find_header(request.headers, kContentSha256);
  const auto payload = declared ? *declared : hash_hex(request.body);

  Signed result;
  result.headers.emplace_back("X-Amz-Date", time);
  if (!credentials.session_token.empty()) {
    result.headers.emplace_back("X-Amz-Security-Token", credentials.session_token.reveal());
  }
  if (scope.rules.content_sha256 && !declared) result.headers.emplace_back("X-Amz-Content-Sha256", payload);

  auto headers = signed_headers(request.headers);
  headers.insert(headers.end(), result.headers.begin(), result.headers.end());
  const auto names = names_of(headers);
  result.canonical_request =
      TRY(canonical_request(request.method, request.target, headers, names, payload, scope.rules));
  const auto credential = credential_text(credentials.access_key_id, time.substr(0, 8), scope.region, scope.service);
  result.string_to_sign = string_to_sign(time, scope_of(credential), result.canonical_request);
  result.signature = TRY(signature(credentials, credential, result.string_to_sign));
  result.headers.emplace_back("Authorization",
                              fmt::format("{} Credential={}, SignedHeaders={}, Signature={}", kAlgorithm, credential,
                                          base::join(names, ";"), result.signature));
  return result;
}

base::Result<Presigned> Signer::presign(const Request& request, const Credentials& credentials, const Scope& scope,
                                        std::chrono::seconds expires) {
  TRY(check_form(request));
  if (expires < std::chrono::seconds(1) || expires > kLongestExpires) {
    return base::invalid("a presigned request may live 1 second to 7 days", "expires");
  }
  const auto time = base::basic_iso8601(scope.time);
  const auto credential = credential_text(credentials.access_key_id, time.substr(0, 8), scope.region, scope.service);
  const auto headers = signed_headers(request.headers);
  const auto names = names_of(headers);

  Presigned result;
  result.target = request.target;
  result.target += request.target.find('?') == std::string_view::npos ? '?' : '&';
  result.target += fmt::format(
      "X-Amz-Algorithm={}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-SignedHeaders={}&X-Amz-Expires={}", kAlgorithm,
      base::percent_encode(credential), time, base::percent_encode(base::join(names, ";")), expires.count());
  if (!credentials.session_token.empty()) {
    result.target += "&X-Amz-Security-Token=" + base::percent_encode(credentials.session_token.reveal());
  }
  const auto* declared = find_header(request.headers, kContentSha256);
  const auto payload = declared                              ? *declared
                       : scope.rules.unsigned_when_presigned ? std::string(kUnsignedPayload)
                                                             : hash_hex(request.body);
  result.canonical_request =
      TRY(canonical_request(request.method, result.target, headers, names, payload, scope.rules));
  result.string_to_sign = string_to_sign(time, scope_of(credential), result.canonical_request);
  result.signature = TRY(signature(credentials, credential, result.string_to_sign));
  result.target += "&X-Amz-Signature=" + result.signature;
  return result;
}

}  // namespace slipway::sigv4
