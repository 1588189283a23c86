#pragma once
// Where a client's access key comes from. The search order is written down once, in find_credentials.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "sigv4/request.h"

namespace slipway::cli {

// Reads an environment variable; an empty one counts as unset. Passed in, so that tests have their own environment.
using Variables = std::function<std::optional<std::string>(const std::string& name)>;
Variables process_environment();

struct FoundCredentials {
  sigv4::Credentials credentials;
  std::string origin;  // for messages: "AWS_ACCESS_KEY_ID", "profile 'x' of /home/me/.aws/credentials"
};

struct CredentialSearch {
  std::string profile;                // --profile; empty: not given
  std::filesystem::path broker_file;  // DIR/credentials of the local broker
  bool broker_is_local = false;       // the server was found through the local broker's data folder
};

// 1. what was named for this call: --profile, AWS_ACCESS_KEY_ID, AWS_PROFILE;
// 2. where the server is the local broker: its DIR/credentials, so that a ~/.aws made for AWS locks nobody out;
// 3. profile `default` of AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials;
// 4. the local broker's DIR/credentials.
// Errors: unauthenticated where there are none, invalid for a broken file or an unknown profile.
base::Result<FoundCredentials> find_credentials(const CredentialSearch& search, const Variables& variables);

// A profile of a file in the AWS shared-credentials format. Errors: not_found (no file, no such profile), forbidden,
// invalid (incomplete).
base::Result<FoundCredentials> read_profile(const std::filesystem::path& file, const std::string& profile);

}  // namespace slipway::cli
