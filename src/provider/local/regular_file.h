#pragma once
// Reading files of an environment's folder. A job may have put a link, a pipe or a device in a file's place, or a file
// without end: none of them may hold up the broker or fill its memory.

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace slipway::provider::local {

// A longer file is cut after `limit` bytes. Errors: not_found; invalid: no regular file; whatever open(2) says.
base::Result<std::string> read_head(const std::filesystem::path& path, std::size_t limit);
// Its last `limit` bytes.
base::Result<std::string> read_tail(const std::filesystem::path& path, std::size_t limit);

}  // namespace slipway::provider::local
