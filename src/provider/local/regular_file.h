#pragma once
// Reading and replacing files of an environment's folder. A job may have put a link, a pipe or a device in a file's
// place, or a file without end: none of them may hold up the broker or fill its memory. Everything here blocks.

#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::provider::local {

// A longer file is cut after `limit` bytes. Errors: not_found; invalid: no regular file; whatever open(2) says.
base::Result<std::string> read_head(const std::filesystem::path& path, std::size_t limit);
// Its last `limit` bytes.
base::Result<std::string> read_tail(const std::filesystem::path& path, std::size_t limit);

// Replaces the file as a whole, or makes it, with exactly this mode. Durable: it is on the disk when this returns.
// Errors: write_failed().
enum class Durable { no, yes };
base::Result<void> replace_file(const std::filesystem::path& path, std::string_view text, mode_t mode, Durable durable);
// Makes it, whole and on the disk, where none is; of several who make it at once, one does, and the others have done
// nothing. Errors: write_failed().
base::Result<void> create_file(const std::filesystem::path& path, std::string_view text);
// What was made, renamed or removed in the folder is on the disk when this returns. Errors: write_failed().
base::Result<void> sync_folder(const std::filesystem::path& folder);

// Names of what is in the folder, sorted; empty where it cannot be read.
std::vector<std::string> names_in(const std::filesystem::path& folder);

// A path that could not be written, with code DiskFull or DirectoryNotWritable and what would be right.
base::Error write_failed(const std::filesystem::path& path, int number = errno);

}  // namespace slipway::provider::local
