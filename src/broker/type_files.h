#pragma once
// The files of one version of an environment type, wherever they come from: a folder, an upload, the database. Used by
// the registry and by the commands that look at folders. Knows nothing of what the files say, but for the name of the
// shared file that type.yaml may point to.

#include <boost/json/object.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::broker {

inline constexpr std::size_t kMostTypeBytes = 4 << 20;
inline constexpr std::size_t kMostTypeFiles = 200;

struct TypeFiles {
  std::string name;  // of the type
  // By path below the folder, with / between parts. What type.yaml names as ../shared/X is at .shared/X: a version is
  // whole by itself.
  std::map<std::string, std::string, std::less<>> files;

  const std::string* find(std::string_view path) const;  // null where there is none; ../shared/X finds .shared/X
  std::string sha256() const;                            // of names and contents
};

// Whether a folder may be called so: lower-case letters, digits and -, a letter first, at most 64.
bool is_type_name(std::string_view name);

// Hidden files and those of editors (ending in ~) are left out. Blocks. Errors: not_found, invalid where a limit is
// passed or a link or something else that is no file is in it, unavailable where it cannot be read.
base::Result<TypeFiles> read_type_folder(const std::filesystem::path& folder);

// The form in which versions are kept and uploaded: by path {"text": ...}, or {"base64": ...} where it is no UTF-8.
boost::json::object to_json(const TypeFiles& files);
// Errors: invalid, every path or content that may not be, with its name; field /files.
base::Result<TypeFiles> files_from_json(std::string name, const boost::json::object& files);

}  // namespace slipway::broker
