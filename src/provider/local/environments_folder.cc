#include "provider/local/environments_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "process/account.h"
#include "provider/local/as_account.h"
#include "provider/local/regular_file.h"

namespace slipway::provider::local {

namespace fs = std::filesystem;
using base::Result;

namespace {
constexpr std::string_view kInstallation = ".installation";
constexpr std::size_t kInstallationLimitBytes = 256;
}  // namespace

std::string key_of(const base::EnvironmentId& id) {
  const auto& text = id.str();
  return text.substr(text.size() - std::min(text.size(), kKeyDigits));
}

bool is_key(std::string_view name) {
  return name.size() == kKeyDigits &&
         std::ranges::all_of(name, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<void> check_owner(const LocalSettings& settings, const std::string& installation, const Account& account) {
  const AsAccount as(account);
  const auto owner = read_head(settings.environments_dir / kInstallation, kInstallationLimitBytes);
  if (!owner || *owner == installation) return {};
  auto error = base::conflict(
      fmt::format("the folder {} belongs to another broker, which may have environments there; name another with the "
                  "setting local.environments_dir",
                  settings.environments_dir.native()));
  error.code = "DirectoryTaken";
  return error;
}

Result<void> claim_environments_folder(const LocalSettings& settings, const std::string& installation,
                                       const Account& account) {
  const auto& folder = settings.environments_dir;
  std::error_code unseen;
  if (!fs::exists(folder, unseen)) {
    auto made = process::make_folder(folder, account);
    if (!made && made.error().code.empty()) {
      made.error().code = made.error().kind == base::ErrorKind::unavailable ? "DiskFull" : "DirectoryNotWritable";
    }
    TRY(std::move(made));
  }
  {
    const AsAccount as(account);
    const auto mark = folder / kInstallation;
    if (!fs::exists(mark, unseen)) TRY(create_file(mark, installation));
  }
  return check_owner(settings, installation, account);
}

}  // namespace slipway::provider::local
