#include "cli/text_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace slipway::cli {

namespace {

constexpr std::size_t kLimitBytes = 4 << 20;

// The nearest folder or file above that can be looked at tells whose account it takes.
std::string owner_of(std::filesystem::path path) {
  struct stat found{};
  while (::stat(path.c_str(), &found) != 0 && path.has_relative_path()) path = path.parent_path();
  const passwd* account = ::getpwuid(found.st_uid);
  return account ? account->pw_name : std::to_string(found.st_uid);
}

base::Error cannot_open(const std::filesystem::path& path, int number) {
  if (number == ENOENT || number == ENOTDIR) return base::not_found(fmt::format("There is no file {}.", path.native()));
  if (number == EACCES) {
    auto error = base::invalid(
        fmt::format("This account may not read {}; it belongs to account '{}'.", path.native(), owner_of(path)));
    error.kind = base::ErrorKind::forbidden;
    return error;
  }
  return base::from_errno(fmt::format("Reading {}", path.native()), number);
}

}  // namespace

base::Result<std::string> read_text_file(const std::filesystem::path& path) {
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return cannot_open(path, errno);
  std::string text;
  char buffer[16384];
  ssize_t got = 0;
  while ((got = ::read(file, buffer, sizeof buffer)) > 0 && text.size() <= kLimitBytes) text.append(buffer, got);
  int number = errno;
  ::close(file);
  if (got < 0) return cannot_open(path, number);
  if (text.size() > kLimitBytes) return base::invalid(fmt::format("{} is larger than 4 MiB.", path.native()));
  return text;
}

base::Result<base::YamlNode> read_yaml_file(const std::filesystem::path& path) {
  const auto text = TRY(read_text_file(path));
  auto parsed = base::parse_yaml(text);
  if (!parsed) parsed.error().message.insert(0, path.native() + ": ");
  return parsed;
}

}  // namespace slipway::cli
