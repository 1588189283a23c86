#include "sigv4/verifier.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/text.h"
#include "sigv4/authorization.h"
#include "sigv4/canonical.h"
#include "sigv4/credential.h"
#include "sigv4/digest.h"

namespace slipway::sigv4 {

namespace {

constexpr std::size_t kSignedHeaders = 64;
constexpr std::string_view kMismatch =
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details.";

base::Error incomplete(std::string message) {
  return refusal(kIncompleteSignature, std::move(message));
}
base::Error mismatch(std::string message) {
  return refusal(kSignatureDoesNotMatch, std::move(message));
}

bool is_hex_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

base::Result<void> check_scope(const Authorization& fields, const VerifierSettings& settings) {
  const auto parts = parse_credential(fields.credential);
  if (!parts) {
    return incomplete("Credential must have exactly 5 slash-delimited elements, keyid/date/region/service/term.");
  }
  if (parts->terminator != kTerminator) {
    return mismatch(fmt::format("Credential should be scoped with a valid terminator: '{}'.", kTerminator));
  }
  if (parts->date != std::string_view(fields.time).substr(0, 8)) {
    return mismatch("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.");
  }
  if (parts->service != settings.service) {
    return mismatch(fmt::format("Credential should be scoped to correct service: '{}'.", settings.service));
  }
  if (!settings.region.empty() && parts->region != settings.region) {
    return mismatch(fmt::format("Credential should be scoped to a valid region: '{}'.", settings.region));
  }
  return {};
}

base::Result<std::chrono::seconds> parse_expires(std::string_view text) {
  long long seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 1 || seconds > kLongestExpires.count()) {
    return incomplete(fmt::format("X-Amz-Expires must be 1 to {} seconds.", kLongestExpires.count()));
  }
  return std::chrono::seconds(seconds);
}

// Sorted, unique, lower case.
base::Result<std::vector<std::string_view>> parse_signed_headers(std::string_view list) {
  auto names = base::split(list, ';');
  if (names.size() > kSignedHeaders) {
    return incomplete(fmt::format("SignedHeaders may name {} headers.", kSignedHeaders));
  }
  const auto is_name_byte = [](char c) { return c > ' ' && c <= '~' && (c < 'A' || c > 'Z'); };
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool in_order = i == 0 || names[i - 1] < names[i];
    if (names[i].empty() || !in_order || !std::all_of(names[i].begin(), names[i].end(), is_name_byte)) {
      return incomplete("SignedHeaders must be lower-case names, sorted, each once, joined by ';'.");
    }
  }
  return names;
}

// The headers that must not travel uncovered. An unsigned x-amz-* header would let anyone add to a signed request.
base::Result<void> check_coverage(const Headers& headers, const std::vector<std::string_view>& names, bool presigned) {
  int hosts = 0;
  for (const auto& header : headers) {
    const std::string_view name = header.first;
    const bool host = same_name(name, "host");
    hosts += host ? 1 : 0;
    if (!host && !name_starts_with(name, "x-amz-") && (presigned || !same_name(name, "content-type"))) continue;
    if (!std::binary_search(names.begin(), names.end(), std::string_view(base::lower(name)))) {
      return mismatch(fmt::format("The header '{}' of the request must be a signed header.", base::lower(name)));
    }
  }
  if (hosts != 1) return mismatch("'Host' must be a header of the request, once.");
  return {};
}

// What stands in place of the body's hash; empty: the hash itself.
base::Result<std::string> signed_payload(const Request& request, bool presigned, const VerifierSettings& settings) {
  const std::string* declared = nullptr;
  for (const auto& [name, value] : request.headers) {
    if (!same_name(name, kContentSha256)) continue;
    if (declared) return incomplete("The request has two x-amz-content-sha256 headers.");
    declared = &value;
  }
  if (!declared && presigned && settings.rules.unsigned_when_presigned) return std::string(kUnsignedPayload);
  if (!declared && !presigned && settings.rules.content_sha256)
    return incomplete("The header x-amz-content-sha256 is missing.");
  if (!declared || is_hex_digest(*declared)) return declared ? *declared : std::string();
  if (*declared != kUnsignedPayload) {
    return incomplete("The header x-amz-content-sha256 must be the SHA-256 of the body as 64 lower-case hex digits.");
  }
  if (!settings.allow_unsigned_payload) return incomplete("The body must be signed: UNSIGNED-PAYLOAD is not allowed.");
  return std::string(kUnsignedPayload);
}

std::string hash_hex(std::string_view data) {
  std::string hex;
  hex.reserve(64);
  append_hex(hex, sha256(data));
  return hex;
}

// Of a claim whose body is the one that was signed.
std::string canonical_request(const Claim& claim) {
  std::string text;
  text.reserve(claim.canonical_head.size() + 64);
  text = claim.canonical_head;
  if (claim.payload.empty()) {
    append_hex(text, sha256(claim.body));
  } else {
    text += claim.payload;
  }
  return text;
}

bool matches(const Claim& claim, const HmacKey& key) {
  const auto text = string_to_sign(claim.time_text, scope_of(claim.credential), canonical_request(claim));
  std::string expected;
  expected.reserve(64);
  append_hex(expected, key.sign(text));
  return CRYPTO_memcmp(expected.data(), claim.signature.data(), expected.size()) == 0;
}

HmacKey derive(const Claim& claim, const base::Secret& secret) {
  const auto parts = parse_credential(claim.credential).value();
  return signing_key(secret, parts.date, parts.region, parts.service);
}

}  // namespace

std::string_view Claim::access_key_id() const {
  return std::string_view(credential).substr(0, credential.find('/'));
}

Verifier::Verifier(VerifierSettings settings) : settings_(std::move(settings)), keys_(settings_.cached_keys) {}

base::Result<Claim> Verifier::parse(const Request& request) const {
  auto fields = TRY(find_authorization(request));
  const auto time = parse_time(fields.time);
  if (!time) return incomplete("Date must be in ISO-8601 'basic format', like 20150830T123600Z.");
  TRY(check_scope(fields, settings_));
  if (!is_hex_digest(fields.signature)) return incomplete("Signature must be 64 lower-case hex digits.");
  const auto names = TRY(parse_signed_headers(fields.signed_headers));
  TRY(check_coverage(request.headers, names, fields.presigned));

  Claim claim;
  claim.presigned = fields.presigned;
  if (claim.presigned) claim.expires = TRY(parse_expires(fields.expires));
  claim.payload = TRY(signed_payload(request, fields.presigned, settings_));
  auto head = canonical_head(request.method, split_target(request.target), request.headers, names, settings_.rules);
  if (head.malformed_query) return incomplete("The query has a malformed percent-escape.");
  if (!head.missing_header.empty()) return mismatch("A header that SignedHeaders names is not in the request.");
  claim.canonical_head = std::move(head.text);
  claim.credential = std::move(fields.credential);
  claim.signature = std::move(fields.signature);
  claim.time_text = std::move(fields.time);
  claim.time = *time;
  claim.has_session_token = fields.has_session_token;
  claim.body = request.body;
  return claim;
}

base::Result<void> Verifier::check_time(const Claim& claim, base::Time now) const {
  const auto window = settings_.window;
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(window).count();
  if (claim.time > now + window) {
    return refusal(kSignatureNotYetCurrent,
                   fmt::format("Signature not yet current: {} is still later than {} ({} + {} min.)", claim.time_text,
                               base::basic_iso8601(now + window), base::basic_iso8601(now), minutes));
  }
  const auto last = claim.time + (claim.presigned ? claim.expires : window);
  if (now <= last) return {};
  if (claim.presigned) {
    return refusal(kSignatureExpired, fmt::format("Signature expired: {} is now earlier than {}",
                                                  base::basic_iso8601(last), base::basic_iso8601(now)));
  }
  return refusal(kSignatureExpired,
                 fmt::format("Signature expired: {} is now earlier than {} ({} - {} min.)", claim.time_text,
                             base::basic_iso8601(now - window), base::basic_iso8601(now), minutes));
}

base::Result<void> Verifier::check(const Claim& claim, const base::Secret& secret, base::Time now) {
  TRY(check_time(claim, now));
  if (!claim.payload.empty() && claim.payload != kUnsignedPayload && claim.payload != hash_hex(claim.body)) {
    return mismatch("The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  if (const HmacKey* key = keys_.find(claim.credential, secret)) {
    if (matches(claim, *key)) return {};
    return mismatch(std::string(kMismatch));
  }
  auto key = derive(claim, secret);
  if (!matches(claim, key)) return mismatch(std::string(kMismatch));
  // Only now: whoever cannot sign must not push other keys out by naming many regions.
  keys_.insert(claim.credential, secret, std::move(key));
  return {};
}

base::Error Verifier::refuse_unknown(const Claim& claim) const {
  static const base::Secret nobody("no access key has this secret, 40 chars.");
  (void)matches(claim, derive(claim, nobody));
  return refusal(kUnrecognizedClient, "The security token included in the request is invalid.");
}

std::string mismatch_explanation(const Verifier& verifier, const Request& request) {
  const auto claim = verifier.parse(request);
  if (!claim) return std::string(kMismatch);
  const auto canonical = canonical_request(*claim);
  return fmt::format(
      "{}\n\nThe Canonical String for this request should have been\n'{}'\n\nThe String-to-Sign should have "
      "been\n'{}'\n",
      kMismatch, canonical, string_to_sign(claim->time_text, scope_of(claim->credential), canonical));
}

}  // namespace slipway::sigv4
