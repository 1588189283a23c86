#include "auth/sigv4_authenticator.h"

#include "sigv4/authorization.h"
#include "sigv4/canonical.h"

namespace slipway::auth {

namespace {

sigv4::VerifierSettings verifier_settings(const Sigv4Settings& settings) {
  sigv4::VerifierSettings result;
  result.service = "execute-api";
  result.window = settings.window;
  return result;
}

}  // namespace

Sigv4Authenticator::Sigv4Authenticator(const AccessKeys& keys, const base::Clock& clock, const Sigv4Settings& settings)
    : keys_(keys), clock_(clock), verifier_(verifier_settings(settings)) {}

base::Result<Principal> Sigv4Authenticator::authenticate(const sigv4::Request& request) {
  const auto claim = TRY(verifier_.parse(request));
  const auto* entry = keys_.find(claim.access_key_id());
  if (!entry) {
    verifier_.forget(claim.access_key_id());  // it may have been revoked
    return verifier_.refuse_unknown(claim);
  }
  if (claim.has_session_token) {
    return sigv4::refusal(kInvalidToken, "The access key is a permanent one: send no security token with it.");
  }
  TRY(verifier_.check(claim, entry->secret, clock_.now()));
  // The signature covers the normalised path. Another spelling of it must not reach another route.
  if (!sigv4::is_normalised(sigv4::split_target(request.target).path)) {
    return sigv4::refusal(sigv4::kSignatureDoesNotMatch, "The path must have no empty, '.' or '..' segment.");
  }
  return entry->principal;
}

std::string explain_mismatch(std::string_view method, std::string_view target, const sigv4::Headers& headers,
                             std::string_view body) {
  return sigv4::mismatch_explanation(sigv4::Verifier(verifier_settings({})),
                                     {.method = method, .target = target, .headers = headers, .body = body});
}

}  // namespace slipway::auth
