#include "auth/private_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace slipway::auth {

namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const { return number_; }

 private:
  int number_;
};

base::Error failed(std::string_view what, const fs::path& path) {
  return base::from_errno(fmt::format("cannot {} {}", what, path.string()));
}

base::Result<void> write_all(int file, std::string_view contents, const fs::path& path) {
  while (!contents.empty()) {
    const auto count = ::write(file, contents.data(), contents.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("write", path);
    contents.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

base::Result<void> sync_folder(const fs::path& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0 || ::fsync(opened.get()) != 0) return failed("sync", folder);
  return {};
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

// The complete file beside `path`, not yet under its name. Its own name is nobody else's: several may write at once.
base::Result<fs::path> write_beside(const fs::path& path, std::string_view contents) {
  auto beside = path.string() + ".XXXXXX";
  const Descriptor file(::mkostemp(beside.data(), O_CLOEXEC));
  if (file.get() < 0) return failed("write", path);
  auto written = [&]() -> base::Result<void> {
    if (::fchmod(file.get(), 0600) != 0) return failed("write", path);
    TRY(write_all(file.get(), contents, path));
    return ::fsync(file.get()) == 0 ? base::Result<void>() : failed("write", path);
  }();
  if (!written) {
    ::unlink(beside.c_str());
    return std::move(written).error();
  }
  return fs::path(beside);
}

}  // namespace

base::Result<void> write_private_file(const fs::path& path, std::string_view contents) {
  const auto beside = TRY(write_beside(path, contents));
  if (::rename(beside.c_str(), path.c_str()) != 0) {
    auto error = failed("write", path);
    ::unlink(beside.c_str());
    return error;
  }
  return sync_folder(folder_of(path));
}

base::Result<void> create_private_file(const fs::path& path, std::string_view contents) {
  const auto beside = TRY(write_beside(path, contents));
  const int linked = ::link(beside.c_str(), path.c_str());
  const int number = errno;
  ::unlink(beside.c_str());
  // Also what somebody else has made meanwhile: the caller goes on with it.
  TRY(sync_folder(folder_of(path)));
  if (linked != 0) return base::from_errno(fmt::format("cannot create {}", path.string()), number);
  return {};
}

base::Result<std::string> read_private_file(const fs::path& path, std::size_t limit_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status;
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return failed("read", path);
  if (!S_ISREG(status.st_mode)) return base::invalid(fmt::format("{} is not an ordinary file", path.string()));
  if ((status.st_mode & 077) != 0) {
    auto error =
        base::invalid(fmt::format("{0} is open to other accounts (mode {1:04o}): run chmod 600 {0}, and "
                                  "replace it if somebody may have read it",
                                  path.string(), status.st_mode & 07777));
    error.kind = base::ErrorKind::forbidden;
    return error;
  }
  std::string contents(limit_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < contents.size()) {
    const auto count = ::read(file.get(), contents.data() + size, contents.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("read", path);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > limit_bytes) {
    return base::invalid(fmt::format("{} is larger than {} bytes", path.string(), limit_bytes));
  }
  contents.resize(size);
  return contents;
}

base::Result<void> remove_file(const fs::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("remove", path);
  return {};
}

}  // namespace slipway::auth
