#pragma once
// Signature Version 4 as the broker's own endpoints take it: service execute-api, the broker's own access keys, any
// region. The server adapts it to its middleware; it knows no HTTP library. On the I/O thread; never waits.

#include <chrono>
#include <string>
#include <string_view>

#include "auth/access_keys.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "base/result.h"
#include "sigv4/verifier.h"

namespace slipway::auth {

struct Sigv4Settings {
  std::chrono::seconds window{300};  // how far a request's time may be from ours, 1 s to 15 min
};

// The code of a refusal beside those of sigv4/verifier.h: a token where there is none to have.
inline constexpr std::string_view kInvalidToken = "InvalidToken";

class Sigv4Authenticator {
 public:
  // Both must outlive it.
  Sigv4Authenticator(const AccessKeys& keys, const base::Clock& clock, const Sigv4Settings& settings = {});

  // Who signed the request. Errors: kind unauthenticated, with a code of sigv4/verifier.h or kInvalidToken; the message
  // is for the caller and quotes neither query nor body. An honest repeat within the window passes.
  base::Result<Principal> authenticate(const sigv4::Request& request);

 private:
  const AccessKeys& keys_;
  const base::Clock& clock_;
  sigv4::Verifier verifier_;
};

// For the answer to kSignatureDoesNotMatch: API Gateway's text, with the canonical request and the string to sign that
// we see. It shows the query: to the caller, never to a log.
std::string explain_mismatch(std::string_view method, std::string_view target, const sigv4::Headers& headers,
                             std::string_view body);

}  // namespace slipway::auth
