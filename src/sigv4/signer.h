#pragma once
// Signs requests with Signature Version 4: the header form, and the presigned form that carries everything in its
// query. Used by the CLI, the AWS client and tests. Pure: time and credentials are passed in.

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "sigv4/key_cache.h"
#include "sigv4/request.h"

namespace slipway::sigv4 {

// Where and when a signature holds.
struct Scope {
  std::string_view region;
  std::string_view service;
  base::Time time;  // corrected for the clock skew of the other side
  Rules rules = {};
};

// The intermediate texts are for tests and for explaining a mismatch. They show the session token: never log them.
struct Signed {
  Headers headers;  // to be set, replacing any of the same name: X-Amz-Date, Authorization, and where they apply
                    // X-Amz-Security-Token, X-Amz-Content-Sha256
  std::string canonical_request;
  std::string string_to_sign;
  std::string signature;
};

struct Presigned {
  std::string target;  // of the request, with the signature as its last parameter
  std::string canonical_request;
  std::string string_to_sign;
  std::string signature;
};

// One thread at a time.
class Signer {
 public:
  // `cached_keys`: about twice the services times the regions that are in use.
  explicit Signer(std::size_t cached_keys = 8) : keys_(cached_keys) {}

  // Signs every header of the request but those that hops change (connection, user-agent, ...); `host` must be there,
  // and what an earlier signature left behind is passed over. An x-amz-content-sha256 in the request is taken as the
  // payload hash, whatever the body. Errors: invalid (no host; target not starting with '/', or with a malformed
  // escape).
  base::Result<Signed> sign(const Request& request, const Credentials& credentials, const Scope& scope);

  // The same as a URL that works for `expires` (1 s to 7 days, else invalid). Give only the headers that whoever uses
  // the URL will send: usually `host` alone.
  base::Result<Presigned> presign(const Request& request, const Credentials& credentials, const Scope& scope,
                                  std::chrono::seconds expires = std::chrono::hours(1));

 private:
  base::Result<std::string> signature(const Credentials& credentials, const std::string& credential,
                                      const std::string& text);

  KeyCache keys_;
};

}  // namespace slipway::sigv4
