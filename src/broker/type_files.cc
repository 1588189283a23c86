#include "broker/type_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <system_error>
#include <vector>

#include "base/base64.h"
#include "base/ids.h"
#include "base/text.h"
#include "base/yaml.h"

namespace slipway::broker {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kLongestName = 64;
constexpr std::size_t kLongestPath = 200;
constexpr std::string_view kShared = "../shared/";
constexpr std::string_view kSharedInside = ".shared/";

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

// Relative, without empty, . and .. parts, of letters that every file system takes alike.
bool is_path(std::string_view path) {
  if (path.empty() || path.size() > kLongestPath) return false;
  return std::ranges::all_of(base::split(path, '/'), [](std::string_view part) {
    return !part.empty() && part != "." && part != ".." && std::ranges::all_of(part, is_plain);
  });
}

// Where a path as type.yaml writes it stands among the files.
std::string inside(std::string_view path) {
  if (!path.starts_with(kShared)) return std::string(path);
  return std::string(kSharedInside) + std::string(path.substr(kShared.size()));
}

bool is_left_out(std::string_view name) {
  return name.starts_with('.') || name.ends_with('~');
}

base::Error too_much(std::string_view name) {
  return base::invalid(
      fmt::format("{} holds more than {} files or {} MiB; a type holds what its documents need, and "
                  "nothing else.",
                  name, kMostTypeFiles, kMostTypeBytes >> 20));
}

class FolderReader {
 public:
  explicit FolderReader(const fs::path& folder) : folder_(folder) { read_.name = folder.filename().string(); }

  base::Result<TypeFiles> read() {
    if (read_.name.empty()) read_.name = folder_.parent_path().filename().string();  // written with a / at its end
    TRY(read_below(folder_, ""));
    TRY(read_shared());
    return std::move(read_);
  }

 private:
  base::Result<void> read_below(const fs::path& folder, const std::string& prefix) {
    std::error_code failed;
    for (auto entry = fs::directory_iterator(folder, failed); !failed && entry != fs::directory_iterator();
         entry.increment(failed)) {
      const auto name = entry->path().filename().string();
      if (is_left_out(name)) continue;
      // Not followed: a link would name what is not in the folder.
      const auto status = entry->symlink_status(failed);
      if (failed) break;
      if (fs::is_directory(status)) {
        TRY(read_below(entry->path(), prefix + name + "/"));
      } else if (fs::is_regular_file(status)) {
        TRY(add(entry->path(), prefix + name));
      } else {
        return base::invalid(
            fmt::format("{} is neither a file nor a folder; a type holds no links.", entry->path().string()));
      }
    }
    if (!failed) return {};
    if (failed == std::errc::no_such_file_or_directory || failed == std::errc::not_a_directory) {
      return base::not_found(fmt::format("There is no folder {}.", folder.string()));
    }
    return base::unavailable(fmt::format("The folder {} cannot be read: {}.", folder.string(), failed.message()));
  }

  base::Result<void> add(const fs::path& file, std::string path) {
    if (!is_path(path)) {
      return base::invalid(fmt::format("{}: a path in a type has letters, digits and ._- only, at most {} of them.",
                                       file.string(), kLongestPath));
    }
    std::error_code failed;
    const auto size = fs::file_size(file, failed);
    if (failed) return base::unavailable(fmt::format("{} cannot be read: {}.", file.string(), failed.message()));
    if (read_.files.size() >= kMostTypeFiles || size > kMostTypeBytes - bytes_) return too_much(folder_.string());
    std::ifstream stream(file, std::ios::binary);
    // No more than it had: it may be growing.
    std::string text(size, '\0');
    if (size > 0 && !stream.read(text.data(), static_cast<std::streamsize>(size))) {
      return base::unavailable(fmt::format("{} cannot be read.", file.string()));
    }
    bytes_ += size;
    read_.files.emplace(std::move(path), std::move(text));
    return {};
  }

  // The one file beyond the folder that a type may share with others. What is wrong with type.yaml its reader tells.
  base::Result<void> read_shared() {
    const auto* text = read_.find("type.yaml");
    if (text == nullptr) return {};
    const auto root = base::parse_yaml(*text);
    const auto* status = root ? root->find("status") : nullptr;
    if (status == nullptr || !status->text.starts_with(kShared)) return {};
    const auto file = folder_ / status->text;
    std::error_code failed;
    const auto found = fs::symlink_status(file, failed);
    if (!fs::status_known(found)) {
      return base::unavailable(fmt::format("{} cannot be read: {}.", file.string(), failed.message()));
    }
    return fs::is_regular_file(found) ? add(file, inside(status->text)) : base::Result<void>();
  }

  const fs::path& folder_;
  TypeFiles read_;
  std::size_t bytes_ = 0;
};

// The bytes of {"text": ...} or {"base64": ...}; nothing where it is neither.
std::optional<std::string> content(const boost::json::value& file) {
  if (!file.is_object() || file.get_object().size() != 1) return std::nullopt;
  const auto& member = *file.get_object().begin();
  if (!member.value().is_string()) return std::nullopt;
  if (member.key() == "text") return std::string(member.value().get_string());
  return member.key() == "base64" ? base::from_base64(member.value().get_string()) : std::nullopt;
}

}  // namespace

const std::string* TypeFiles::find(std::string_view path) const {
  const auto found = files.find(inside(path));
  return found == files.end() ? nullptr : &found->second;
}

std::string TypeFiles::sha256() const {
  std::string all;
  for (const auto& [path, bytes] : files) all += fmt::format("{} {}\n{}\n", path, bytes.size(), bytes);
  return base::sha256_hex(all);
}

bool is_type_name(std::string_view name) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.size() <= kLongestName && name[0] >= 'a' && name[0] <= 'z' &&
         std::ranges::all_of(name, fits);
}

base::Result<TypeFiles> read_type_folder(const fs::path& folder) {
  return FolderReader(folder).read();
}

boost::json::object to_json(const TypeFiles& files) {
  boost::json::object packed;
  for (const auto& [path, bytes] : files.files) {
    packed[path] = base::is_utf8(bytes) ? boost::json::object{{"text", bytes}}
                                        : boost::json::object{{"base64", base::to_base64(bytes)}};
  }
  return packed;
}

base::Result<TypeFiles> files_from_json(std::string name, const boost::json::object& packed) {
  if (packed.size() > kMostTypeFiles) return too_much(name);
  std::vector<std::string> wrong;
  TypeFiles files{.name = std::move(name), .files = {}};
  std::size_t bytes = 0;
  for (const auto& [path, file] : packed) {
    auto read = content(file);
    if (!is_path(path)) {
      wrong.push_back(fmt::format("{}: a path in a type has letters, digits and ._- only, at most {} of them",
                                  base::excerpt(path), kLongestPath));
    } else if (!read) {
      wrong.push_back(fmt::format("{} has neither text nor base64", base::excerpt(path)));
    } else {
      bytes += read->size();
      files.files.emplace(path, std::move(*read));
    }
  }
  if (bytes > kMostTypeBytes) return too_much(files.name);
  // On a disk one of the two would have to be a folder and a file.
  for (const auto& [path, text] : files.files) {
    const auto below = files.files.lower_bound(path + "/");
    if (below != files.files.end() && below->first.starts_with(path + "/")) {
      wrong.push_back(fmt::format("{} is a file and a folder", path));
    }
  }
  if (!wrong.empty()) return base::invalid(fmt::format("Files: {}.", base::join(wrong, "; ")), "files");
  return files;
}

}  // namespace slipway::broker
