#include "process/bounded_log.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <string>

namespace slipway::process {

namespace {

constexpr off_t kLastBytes = 16 << 10;

void copy(const Fd& log, off_t at, off_t size, const std::filesystem::path& older) {
  // Emptied first: where the disk is full, that is the room for the copy.
  const Fd copied(::open(older.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  while (copied && at < size && ::sendfile(copied.get(), log.get(), &at, static_cast<std::size_t>(size - at)) > 0) {
  }
}

// From the first whole line on.
std::string last_lines(const Fd& log, off_t size) {
  std::string text(kLastBytes, '\0');
  const ssize_t got = ::pread(log.get(), text.data(), text.size(), size - kLastBytes);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  const auto end = text.find('\n');
  return end == std::string::npos ? text : text.substr(end + 1);
}

}  // namespace

void keep_within(const Fd& log, const std::filesystem::path& path, std::size_t most_bytes) {
  struct stat info = {};
  if (::fstat(log.get(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  const auto over = info.st_size - static_cast<off_t>(most_bytes);
  if (over <= 0 || info.st_size <= kLastBytes) return;
  copy(log, over, info.st_size, path.native() + ".1");
  const auto lines = last_lines(log, info.st_size);
  // A bound that cannot be kept now is kept at the next look.
  if (::ftruncate(log.get(), 0) != 0) return;
  (void)!::write(log.get(), lines.data(), lines.size());
}

}  // namespace slipway::process
