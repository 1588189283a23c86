#include "auth/credentials_file.h"

#include <fmt/format.h>

#include "auth/private_file.h"
#include "base/text.h"

namespace slipway::auth {

namespace {
constexpr std::string_view kIdField = "aws_access_key_id";
}

base::Result<void> write_credentials_file(const std::filesystem::path& path, const std::string& access_key_id,
                                          const base::Secret& secret) {
  const base::Secret text(
      fmt::format("# Slipway's first administrator key. Removed when the key is revoked.\n[default]\n{} = "
                  "{}\naws_secret_access_key = {}\n",
                  kIdField, access_key_id, secret.reveal()));
  return write_private_file(path, text.reveal());
}

base::Result<std::string> access_key_id_in(const std::filesystem::path& path) {
  const auto read = read_private_file(path, 4096);
  if (!read && read.error().kind == base::ErrorKind::not_found) return std::string();
  if (!read) return read.error();
  const base::Secret text(*read);
  for (const auto line : base::split(text.reveal(), '\n')) {
    const auto equals = line.find('=');
    if (equals == line.npos || base::trim(line.substr(0, equals)) != kIdField) continue;
    return std::string(base::trim(line.substr(equals + 1)));
  }
  return std::string();
}

base::Result<void> remove_credentials_of(const std::filesystem::path& path, const std::string& access_key_id) {
  if (TRY(access_key_id_in(path)) != access_key_id) return {};
  return remove_file(path);
}

}  // namespace slipway::auth
