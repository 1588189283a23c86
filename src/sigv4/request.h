#pragma once
// A request as Signature Version 4 looks at it, and the two ways to write its path. Used by the signer, the verifier
// and whoever calls them (auth, cli, later aws). Knows no socket, no clock and no key.

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"

namespace slipway::sigv4 {

using Headers = std::vector<std::pair<std::string, std::string>>;  // in the order of the wire; names in any case

// Borrows everything. `target` is the request target exactly as it stands on the wire ("/v3/clusters?region=local"):
// once decoded, the evidence is lost.
struct Request {
  std::string_view method;
  std::string_view target;
  const Headers& headers;
  std::string_view body = {};
};

// How a service wants its requests signed (shared/contracts/aws-wire.md, 3.2).
struct Rules {
  bool normalise_path = true;            // drop empty and "." segments, resolve ".."
  bool encode_path_again = true;         // the path as sent is encoded once more; else it is signed as sent
  bool content_sha256 = false;           // x-amz-content-sha256 is sent and signed
  bool unsigned_when_presigned = false;  // a presigned request does not cover its body
};
inline constexpr Rules kS3Rules{
    .normalise_path = false, .encode_path_again = false, .content_sha256 = true, .unsigned_when_presigned = true};

struct Credentials {
  std::string access_key_id;
  base::Secret secret;
  base::Secret session_token;  // empty for a permanent key
};

inline constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view kContentSha256 = "x-amz-content-sha256";
inline constexpr std::chrono::seconds kLongestExpires = std::chrono::days(7);  // of a presigned request

}  // namespace slipway::sigv4
