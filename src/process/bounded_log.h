#pragma once
// Keeps a log within bounds while programs append to it: they hold it open, so it is emptied in place, and what it held
// stays beside it. For the supervisor.

#include <cstddef>
#include <filesystem>

#include "process/fd.h"

namespace slipway::process {

// Where `log` (the file at `path`, open for reading and appending) holds more than `most_bytes`: copies the last
// `most_bytes` of it to `path`.1 in place of what was there, as far as the disk has room, and empties it but for its
// last lines, at most 16 KiB, which readers of the end go on from. Lines that are written at that very moment can be
// lost. No regular file: does nothing.
void keep_within(const Fd& log, const std::filesystem::path& path, std::size_t most_bytes);

}  // namespace slipway::process
