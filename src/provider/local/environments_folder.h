#pragma once
// The folder that holds one folder for each environment of this machine: whose it is, and what each is called there.

#include <filesystem>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "provider/local/machine.h"

namespace slipway::provider::local {

// An environment's folder bears the last 12 digits of its id: paths of sockets below it are limited.
inline constexpr std::size_t kKeyDigits = 12;
std::string key_of(const base::EnvironmentId& id);
// True where `name` looks like one.
bool is_key(std::string_view name);

// The folder belongs to one installation, whose id stands in it: what it finds there and does not know it may remove.
// Errors of both: conflict with code DirectoryTaken where it is another's. Both block a little.
base::Result<void> check_owner(const LocalSettings& settings, const std::string& installation, const Account& account);
// Makes the folder, where it is missing, and claims it, where nobody has. Errors besides: as write_failed().
base::Result<void> claim_environments_folder(const LocalSettings& settings, const std::string& installation,
                                             const Account& account);

}  // namespace slipway::provider::local
