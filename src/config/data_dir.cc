#include "config/data_dir.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

namespace slipway::config {

namespace {

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? value : nullptr;
}

std::filesystem::path home() {
  if (const char* home = variable("HOME")) return home;
  const passwd* account = ::getpwuid(::geteuid());
  return account ? account->pw_dir : "/";
}

}  // namespace

std::filesystem::path default_data_dir() {
  if (const char* folder = variable("SLIPWAY_DATA_DIR")) return folder;
  if (::geteuid() == 0) return "/var/lib/slipway";
  // The XDG rules tell programs to ignore a relative path.
  if (const char* state = variable("XDG_STATE_HOME"); state && *state == '/') {
    return std::filesystem::path(state) / "slipway";
  }
  return home() / ".local/state/slipway";
}

}  // namespace slipway::config
