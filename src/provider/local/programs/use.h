#pragma once
// Whether the programs of an environment are in use, as the kernel tells it: they compute, or somebody is connected to
// them. For types whose idle rule asks no endpoint. Pure, but for the one function that looks.

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "process/proc.h"

namespace slipway::provider::local::programs {

// What one look has seen.
struct Use {
  std::chrono::steady_clock::time_point at{};
  unsigned long long cpu = 0;  // clock ticks that all programs have used since they were started
  bool connected = false;      // to one of the environment's ports
};

// Of programs under these supervisors and behind these ports. Reads /proc: blocks for some milliseconds.
Use look_at_use(const std::vector<pid_t>& supervisors, const std::vector<std::uint16_t>& ports);

// Whether they computed between two looks: more than a program that only waits does, which is 2 % of a core; also where
// they were started anew meanwhile.
bool has_computed(const Use& before, const Use& now);

// Clock ticks used by `roots` and everything that descends from them.
unsigned long long cpu_of(const std::vector<pid_t>& roots, const std::vector<process::ProcessStat>& processes);
// Whether /proc/net/tcp, or tcp6, has an established connection whose local port is one of `ports`.
bool has_connection(std::string_view table, const std::vector<std::uint16_t>& ports);

}  // namespace slipway::provider::local::programs
