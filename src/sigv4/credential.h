#pragma once
// The Credential field: whose key, and the scope (day, region, service) that its signature holds for. Shared by signer,
// verifier and key cache. Knows no secret.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace slipway::sigv4 {

inline constexpr std::string_view kTerminator = "aws4_request";

// Views into the text it was parsed from.
struct CredentialParts {
  std::string_view access_key_id;
  std::string_view date;  // YYYYMMDD
  std::string_view region;
  std::string_view service;
  std::string_view terminator;
};

// "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request": exactly five pieces, each of 1 to 128 visible ASCII
// characters.
std::optional<CredentialParts> parse_credential(std::string_view text);
std::string credential_text(std::string_view access_key_id, std::string_view date, std::string_view region,
                            std::string_view service);
// What follows the access key id.
std::string_view scope_of(std::string_view credential);

// "20150830T123600Z" of an existing day, in exactly this form.
std::optional<base::Time> parse_time(std::string_view text);

}  // namespace slipway::sigv4
