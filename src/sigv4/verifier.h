#pragma once
// Verifies signed requests, in two steps so that the caller looks the key up between them: parse says who claims to
// have signed and refuses every wrong form; check compares the signature. Used by auth and by test servers. Pure: clock
// and secret are passed in. shared/contracts/aws-wire.md 3.4 has the rules.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "sigv4/key_cache.h"
#include "sigv4/request.h"

namespace slipway::sigv4 {

// Codes of the errors below; their kind is always unauthenticated. Their messages quote neither query nor body nor
// Authorization, so a log may have them.
inline constexpr std::string_view kMissingAuthenticationToken = "MissingAuthenticationToken";  // not signed at all
inline constexpr std::string_view kIncompleteSignature = "IncompleteSignature";      // malformed, or beyond a limit
inline constexpr std::string_view kSignatureDoesNotMatch = "SignatureDoesNotMatch";  // also: wrong scope, header not
                                                                                     // covered, body not the one signed
inline constexpr std::string_view kSignatureExpired = "SignatureExpired";
inline constexpr std::string_view kSignatureNotYetCurrent = "SignatureNotYetCurrent";
inline constexpr std::string_view kUnrecognizedClient = "UnrecognizedClient";  // nobody's access key

struct VerifierSettings {
  std::string service;                  // that the scope must name, such as "execute-api"
  std::string region;                   // likewise; empty: any
  std::chrono::seconds window{300};     // how far the request's time may be from ours
  bool allow_unsigned_payload = false;  // only over TLS
  Rules rules;
  std::size_t cached_keys = 256;
};

// A well-formed claim. Borrows the request's body, which must outlive it.
struct Claim {
  std::string credential;  // access key id / scope, parse_credential knows its pieces
  std::string signature;   // 64 lower-case hex digits
  std::string time_text;   // YYYYMMDDThhmmssZ
  base::Time time;
  bool presigned = false;
  std::chrono::seconds expires{0};  // of a presigned request
  bool has_session_token = false;
  std::string canonical_head;  // the canonical request without the payload hash
  std::string payload;         // hash or word that was signed in its place; empty: the hash of the body
  std::string_view body;

  std::string_view access_key_id() const;
};

// One thread at a time.
class Verifier {
 public:
  explicit Verifier(VerifierSettings settings);

  // Everything that needs neither key nor clock: form, limits, scope, which headers are covered.
  base::Result<Claim> parse(const Request& request) const;
  // Time, body and signature. An honest repeat passes; whoever wants none keeps what was seen.
  base::Result<void> check(const Claim& claim, const base::Secret& secret, base::Time now);
  // The answer for an access key id that nobody has, after the work that a check takes.
  base::Error refuse_unknown(const Claim& claim) const;
  // Drops the keys derived for an access key id that was revoked.
  void forget(std::string_view access_key_id) { keys_.forget(access_key_id); }

 private:
  base::Result<void> check_time(const Claim& claim, base::Time now) const;

  VerifierSettings settings_;
  KeyCache keys_;
};

// What API Gateway tells a client whose signature does not match: the canonical request and the string to sign that we
// see. For that client alone (it shows the query), never for a log. Where the request is malformed, the first sentence.
std::string mismatch_explanation(const Verifier& verifier, const Request& request);

}  // namespace slipway::sigv4
