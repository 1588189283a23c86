#pragma once
// Removes a folder whatever programs have made of it: folders without a right to write, as package caches make them,
// and ones that lie thousands deep. Takes two descriptors, follows no link. Blocks.

#include <filesystem>

#include "base/result.h"

namespace slipway::provider::local {

// With the rights of this thread (as_account.h). What is not there is fine. Errors: code DirectoryNotRemoved.
base::Result<void> remove_tree(const std::filesystem::path& folder);

}  // namespace slipway::provider::local
