#pragma once
// What of something that lives in a folder is on this machine: its processes, the ports they listen on, the folder
// itself. Read from /proc. Used by the demo, which shows that nothing is left, and by doctor.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace slipway::cli {

struct Process {
  pid_t pid = 0;
  std::string name;           // such as slurmctld
  std::uint64_t started = 0;  // ticks since boot: pid and start time together are a process
};

struct Footprint {
  std::vector<Process> processes;  // working directory, command line or environment names the folder
  std::vector<int> ports;          // they listen on, ascending
  bool folder = false;
};

// Sees processes of this account, or all of them as root. Never counts this process and its ancestors.
Footprint footprint(const std::filesystem::path& folder);

// Of `before`, what is still there now.
Footprint left_of(const Footprint& before, const std::filesystem::path& folder);

// All TCP ports of this machine on which somebody listens, ascending.
std::vector<int> listened_ports();

// The process that listens on a TCP port of this machine, if it can be seen; pid 0 where somebody does whom we may not
// see; nothing where nobody listens.
std::optional<Process> listener_on(int port);

}  // namespace slipway::cli
