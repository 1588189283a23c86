#pragma once
// Settings of the local provider. Filled once by the server; used by everything in this folder.

#include <filesystem>
#include <string>

#include "broker/ports.h"
#include "config/reader.h"

namespace slipway::provider::local {

struct LocalSettings {
  // Holds one folder for each environment. The server sets the default: in the data folder; as root in the home of the
  // environments' account. At most 67 characters.
  std::filesystem::path environments_dir{};
  // Holds a short folder sw-<12 digits> for each cluster: sockets, whose paths are limited to 107 characters. At most
  // 24 characters.
  std::filesystem::path short_dir = "/tmp";
  // Where munged, slurmctld and slurmd are (they are looked for here only), and where Slurm's commands are.
  std::filesystem::path daemons_dir = "/usr/sbin";
  std::filesystem::path commands_dir = "/usr/bin";
  broker::PortRange ports{};
  // Compute nodes of one cluster; each is a process of this machine and a port.
  int max_nodes = 64;
};

// Reads the section `local`: environments_dir, short_dir, daemons_dir, commands_dir, first_port, last_port, max_nodes.
void read_settings(config::Section section, LocalSettings& settings);

}  // namespace slipway::provider::local
