#include "provider/local/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "process/fd.h"

namespace slipway::provider::local {

namespace {

struct Opened {
  process::Fd file;
  off_t size = 0;
};

base::Error unreadable(const std::filesystem::path& path) {
  return base::from_errno("cannot read " + path.native());
}

base::Result<Opened> open_regular(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a pipe waits for nobody.
  Opened opened{.file = process::Fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC))};
  struct stat info = {};
  if (!opened.file || ::fstat(opened.file.get(), &info) != 0) return unreadable(path);
  if (!S_ISREG(info.st_mode)) return base::invalid(path.native() + " is no regular file");
  opened.size = info.st_size;
  return opened;
}

base::Result<std::string> read_from(const std::filesystem::path& path, const Opened& opened, off_t offset) {
  std::string text(static_cast<std::size_t>(opened.size - offset), '\0');
  std::size_t taken = 0;
  while (taken < text.size()) {
    const auto at = offset + static_cast<off_t>(taken);
    const ssize_t count = ::pread(opened.file.get(), text.data() + taken, text.size() - taken, at);
    if (count < 0) return unreadable(path);
    if (count == 0) break;
    taken += static_cast<std::size_t>(count);
  }
  text.resize(taken);
  return text;
}

}  // namespace

base::Result<std::string> read_head(const std::filesystem::path& path, std::size_t limit) {
  auto opened = TRY(open_regular(path));
  opened.size = std::min(opened.size, static_cast<off_t>(limit));
  return read_from(path, opened, 0);
}

base::Result<std::string> read_tail(const std::filesystem::path& path, std::size_t limit) {
  const auto opened = TRY(open_regular(path));
  return read_from(path, opened, std::max<off_t>(0, opened.size - static_cast<off_t>(limit)));
}

}  // namespace slipway::provider::local
