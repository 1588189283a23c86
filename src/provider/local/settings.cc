#include "provider/local/settings.h"

#include <algorithm>
#include <cctype>

namespace slipway::provider::local {

bool slurm_takes(const std::filesystem::path& path) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) || c == '/' || c == '.' || c == '-' || c == '_'; };
  return path.is_absolute() && std::ranges::all_of(path.native(), plain);
}

void read_settings(config::Section section, LocalSettings& settings) {
  section.read("environments_dir", settings.environments_dir);
  section.read("short_dir", settings.short_dir);
  section.read("daemons_dir", settings.daemons_dir);
  section.read("commands_dir", settings.commands_dir);
  int first = settings.ports.first, last = settings.ports.last;
  section.read("first_port", first, 1024, 65535);
  section.read("last_port", last, 1024, 65535);
  if (last < first) section.refuse("last_port", "is less than first_port");
  settings.ports = {.first = static_cast<std::uint16_t>(first), .last = static_cast<std::uint16_t>(last)};
  section.read("max_nodes", settings.max_nodes, 1, 1000);
}

}  // namespace slipway::provider::local
