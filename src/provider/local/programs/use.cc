#include "provider/local/programs/use.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace slipway::provider::local::programs {

namespace {

constexpr double kWaitingShare = 0.02;  // of one core
constexpr std::string_view kEstablished = "01";

double seconds_of(unsigned long long ticks) {
  static const auto per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return static_cast<double>(ticks) / per_second;
}

}  // namespace

Use look_at_use(const std::vector<pid_t>& supervisors, const std::vector<std::uint16_t>& ports) {
  Use use{.at = std::chrono::steady_clock::now()};
  use.cpu = cpu_of(supervisors, process::list_processes());
  use.connected = has_connection(process::read_proc("/proc/net/tcp"), ports) ||
                  has_connection(process::read_proc("/proc/net/tcp6"), ports);
  return use;
}

bool has_computed(const Use& before, const Use& now) {
  if (now.cpu < before.cpu) return true;
  const std::chrono::duration<double> passed = now.at - before.at;
  return seconds_of(now.cpu - before.cpu) > kWaitingShare * passed.count();
}

unsigned long long cpu_of(const std::vector<pid_t>& roots, const std::vector<process::ProcessStat>& processes) {
  unsigned long long cpu = 0;
  for (const auto root : roots) {
    for (const auto& stat : processes) {
      if (stat.pid == root) cpu += stat.cpu;
    }
    for (const auto& stat : process::descendants_of(root, processes)) cpu += stat.cpu;
  }
  return cpu;
}

// A line: "  0: 0100007F:4E20 00000000:0000 0A ..." with the local address, the other one and the state.
bool has_connection(std::string_view table, const std::vector<std::uint16_t>& ports) {
  for (const auto line : base::split(table, '\n')) {
    std::vector<std::string_view> fields;
    for (const auto field : base::split(line, ' ')) {
      if (!field.empty()) fields.push_back(field);
    }
    if (fields.size() < 4 || fields[3] != kEstablished) continue;
    const auto digits = fields[1].substr(fields[1].rfind(':') + 1);
    std::uint16_t port = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), port, 16);
    if (std::ranges::find(ports, port) != ports.end()) return true;
  }
  return false;
}

}  // namespace slipway::provider::local::programs
