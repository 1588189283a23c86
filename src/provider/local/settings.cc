#include "provider/local/settings.h"

namespace slipway::provider::local {

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
