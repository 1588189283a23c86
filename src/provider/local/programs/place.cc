#include "provider/local/programs/place.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"
#include "provider/local/as_account.h"
#include "provider/local/environments_folder.h"
#include "provider/local/regular_file.h"
#include "provider/local/remove_tree.h"

namespace slipway::provider::local::programs {

using base::Result;

namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kTailBytes = 16 << 10;

Result<void> make_folders(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return {};
  fs::create_directories(path, error);
  if (error) return write_failed(path, error.value());
  if (::chmod(path.c_str(), 0700) != 0) return write_failed(path);
  return {};
}

}  // namespace

Place::Place(const Machine& machine, const base::EnvironmentId& id)
    : machine_(machine), folder_(machine.settings.environments_dir / key_of(id)) {}

std::vector<std::string> Place::names() const {
  const AsAccount as(machine_.account);
  return names_in(processes());
}

std::vector<std::string> Place::last_lines(std::string_view name, std::size_t count) const {
  const AsAccount as(machine_.account);
  const auto text = read_tail(process(name) / "log", kTailBytes);
  std::vector<std::string> lines;
  if (!text) return lines;
  for (const auto line : base::split(*text, '\n')) {
    if (!base::trim(line).empty()) lines.emplace_back(base::trim(line).substr(0, 500));
  }
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
  return lines;
}

Result<fs::path> Place::inside(std::string_view path) const {
  const auto outside = [&] {
    auto error = base::invalid(
        fmt::format("the path {} leads out of the environment's folder; name one below it, such as work/data", path));
    error.code = "PathOutside";
    return error;
  };
  const fs::path given(path);
  if (given.is_absolute() && !given.native().starts_with(folder_.native() + "/") && given != folder_) return outside();
  const auto full = (folder_ / given).lexically_normal();
  const auto within = [](const fs::path& part, const fs::path& whole) {
    const auto relative = part.lexically_relative(whole);
    return !relative.empty() && *relative.begin() != "..";
  };
  if (!within(full, folder_)) return outside();
  const AsAccount as(machine_.account);
  std::error_code error;
  const auto real = fs::weakly_canonical(full, error);
  const auto root = fs::weakly_canonical(folder_, error);
  if (error || !within(real, root)) return outside();
  return full;
}

Result<void> Place::make_folder(std::string_view path) const {
  TRY(claim_environments_folder(machine_.settings, machine_.installation, machine_.account));
  const auto full = TRY(inside(path));
  const AsAccount as(machine_.account);
  TRY(make_folders(folder_));
  return make_folders(full);
}

Result<void> Place::write_file(std::string_view path, std::string_view text, mode_t mode) const {
  const auto full = TRY(inside(path));
  const AsAccount as(machine_.account);
  TRY(make_folders(full.parent_path()));
  const auto present = read_head(full, text.size() + 1);
  struct stat info = {};
  if (present && *present == text && ::lstat(full.c_str(), &info) == 0 && (info.st_mode & 0777) == mode) return {};
  return replace_file(full, text, mode, Durable::yes);
}

Result<fs::path> Place::new_secret(std::string_view name) const {
  TRY(check_name(name));
  const auto path = folder_ / "secret" / name;
  const AsAccount as(machine_.account);
  TRY(make_folders(path.parent_path()));
  const auto present = read_head(path, 2 * kSecretBytes);
  if (present && present->size() == 2 * kSecretBytes) return path;
  std::array<unsigned char, kSecretBytes> bytes;
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return base::from_errno("cannot make a secret");
  }
  std::string text;
  for (const auto byte : bytes) text += fmt::format("{:02x}", byte);
  TRY(replace_file(path, text, 0600, Durable::yes));
  return path;
}

Result<base::Secret> Place::read_secret(std::string_view name) const {
  TRY(check_name(name));
  const AsAccount as(machine_.account);
  auto text = read_head(folder_ / "secret" / name, 2 * kSecretBytes);
  if (text && text->size() == 2 * kSecretBytes) return base::Secret(std::move(*text));
  auto error =
      base::not_found(fmt::format("the environment has no secret {}; its launch makes one with "
                                  "local:newSecret",
                                  name));
  error.code = "NoSecret";
  return error;
}

Result<void> Place::forget(std::string_view program) const {
  return remove(process(program));
}

Result<void> Place::remove() const {
  return remove(folder_);
}

Result<void> Place::remove(const fs::path& folder) const {
  const AsAccount as(machine_.account);
  return remove_tree(folder);
}

Result<void> check_name(std::string_view name) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; };
  if (!name.empty() && name.size() <= 40 && std::ranges::all_of(name, plain)) return {};
  auto error = base::invalid(fmt::format("the name {} must be 1 to 40 letters, digits, - and _", base::excerpt(name)));
  error.code = "BadName";
  return error;
}

}  // namespace slipway::provider::local::programs
