#pragma once
// Small files that only this account may read: the key file, the credentials. Written whole or not at all, mode 0600.
// Several processes may write one file at once. Every function blocks: call them in the pool. Used inside auth.

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::auth {

// Puts the file in place of what is there. Durable when it returns. Errors: as from_errno, with the path.
base::Result<void> write_private_file(const std::filesystem::path& path, std::string_view contents);
// The same, but leaves a file that exists alone: conflict. That file is whole and durable too when this returns.
base::Result<void> create_private_file(const std::filesystem::path& path, std::string_view contents);
// The file's contents. Errors: not_found; forbidden (unreadable, or group or others may do anything with it); invalid
// (no ordinary file, or more than `limit_bytes`).
base::Result<std::string> read_private_file(const std::filesystem::path& path, std::size_t limit_bytes);
// No error where it is absent.
base::Result<void> remove_file(const std::filesystem::path& path);

}  // namespace slipway::auth
