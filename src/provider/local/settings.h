#pragma once
// Settings of the local provider. Filled once by the server; used by everything in this folder.

#include <filesystem>
#include <string>

#include "broker/ports.h"
#include "config/reader.h"

namespace slipway::provider::local {

// So that the paths of sockets below them, 107 characters at most, hold with node names of ordinary length.
inline constexpr std::size_t kLongestEnvironmentsDir = 67;
inline constexpr std::size_t kLongestShortDir = 24;

struct LocalSettings {
  // Holds one folder for each environment. The server sets the default: in the data folder; as root in the home of the
  // environments' account. At most kLongestEnvironmentsDir.
  std::filesystem::path environments_dir{};
  // Holds a short folder sw-<12 digits> for each cluster: sockets, whose paths are limited to 107 characters. At most
  // kLongestShortDir.
  std::filesystem::path short_dir = "/tmp";
  // Where munged, slurmctld and slurmd are (they are looked for here only), and where Slurm's commands are.
  std::filesystem::path daemons_dir = "/usr/sbin";
  std::filesystem::path commands_dir = "/usr/bin";
  broker::PortRange ports{};
  // Compute nodes of one cluster; each is a process of this machine and a port.
  int max_nodes = 64;
};

// Slurm's configuration takes absolute paths of letters, digits and /.-_ only.
bool slurm_takes(const std::filesystem::path& path);

// Reads the section `local`: environments_dir, short_dir, daemons_dir, commands_dir, first_port, last_port, max_nodes.
void read_settings(config::Section section, LocalSettings& settings);

}  // namespace slipway::provider::local
