#include "provider/local/regular_file.h"

#include <fcntl.h>
#include <stdlib.h>
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

bool write_all(const process::Fd& file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file.get(), text.data(), text.size());
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
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

base::Result<void> replace_file(const std::filesystem::path& path, std::string_view text, mode_t mode,
                                Durable durable) {
  auto temporary = path;
  temporary += ".slipway-tmp";
  ::unlink(temporary.c_str());
  const process::Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file || !write_all(file, text)) return write_failed(path);
  // The umask may be stricter than what is asked for.
  if (::fchmod(file.get(), mode) != 0) return write_failed(path);
  if (durable == Durable::yes && ::fsync(file.get()) != 0) return write_failed(path);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return write_failed(path);
  return durable == Durable::yes ? sync_folder(path.parent_path()) : base::Result<void>();
}

base::Result<void> create_file(const std::filesystem::path& path, std::string_view text) {
  auto temporary = path.native() + ".XXXXXX";
  const process::Fd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) return write_failed(path);
  const bool made = write_all(file, text) && ::fsync(file.get()) == 0 &&
                    (::link(temporary.c_str(), path.c_str()) == 0 || errno == EEXIST);
  auto result = made ? base::Result<void>() : base::Result<void>(write_failed(path));
  ::unlink(temporary.c_str());
  TRY(std::move(result));
  return sync_folder(path.parent_path());
}

base::Result<void> sync_folder(const std::filesystem::path& folder) {
  const process::Fd file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) return write_failed(folder);
  return {};
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename());
  }
  std::ranges::sort(names);
  return names;
}

base::Error write_failed(const std::filesystem::path& path, int number) {
  auto error = base::from_errno("cannot write " + path.native(), number);
  const bool full = number == ENOSPC || number == EDQUOT;
  error.code = full ? "DiskFull" : "DirectoryNotWritable";
  error.message += full ? "; free some space there"
                        : "; give the environments' account the right to write there, or name another folder with the "
                          "settings local.environments_dir and local.short_dir";
  return error;
}

}  // namespace slipway::provider::local
