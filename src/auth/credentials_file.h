#pragma once
// DIR/credentials: the first administrator key in the AWS shared-credentials format, so that any AWS client on this
// machine can use it (AWS_SHARED_CREDENTIALS_FILE). Blocks. Used by the access keys.

#include <filesystem>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace slipway::auth {

// Replaces the file; mode 0600.
base::Result<void> write_credentials_file(const std::filesystem::path& path, const std::string& access_key_id,
                                          const base::Secret& secret);
// Removes the file if it holds this key; idempotent.
base::Result<void> remove_credentials_of(const std::filesystem::path& path, const std::string& access_key_id);
// The access key id in the file; empty where there is no such file or no id in it.
base::Result<std::string> access_key_id_in(const std::filesystem::path& path);

}  // namespace slipway::auth
