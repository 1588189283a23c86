#pragma once
// Finds the authentication of a request, in its Authorization header or in its query, and takes it apart. Checks form
// and limits; what the fields say is the verifier's business.

#include <string>
#include <vector>

#include "base/result.h"
#include "sigv4/request.h"

namespace slipway::sigv4 {

// Decoded fields, each present exactly once.
struct Authorization {
  bool presigned = false;
  std::string credential;
  std::string signed_headers;
  std::string signature;
  std::string time;
  std::string expires;  // of a presigned request
  bool has_session_token = false;
};

// Errors: codes MissingAuthenticationToken, IncompleteSignature.
base::Result<Authorization> find_authorization(const Request& request);

// Kind unauthenticated with a code of verifier.h.
base::Error refusal(std::string_view code, std::string message);

}  // namespace slipway::sigv4
