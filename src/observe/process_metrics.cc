#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "observe/metrics.h"

namespace slipway::observe {

namespace {
struct Process {
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double threads = 0;
  double start_seconds = 0;  // since boot
};

// proc(5), /proc/self/stat: fields count from 1; the second, the name in parentheses, may hold spaces.
Process read_process() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0, system = 0, threads = 0, start = 0, virtual_bytes = 0, resident_pages = 0;
  fields >> user >> system;
  for (int i = 16; i < 20; ++i) fields >> skipped;
  fields >> threads >> skipped >> start >> virtual_bytes >> resident_pages;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return {(user + system) / ticks, resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE)), threads,
          start / ticks};
}

double boot_time_seconds() {
  std::ifstream file("/proc/stat");
  std::string name;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  }
  return 0;
}

double open_descriptors() {
  std::error_code failure;
  double count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", failure), end; !failure && it != end;
       it.increment(failure)) {
    ++count;
  }
  return count;
}
}  // namespace

void add_process_metrics(Metrics& metrics) {
  auto cpu = metrics.counter("process_cpu_seconds_total", "CPU time of this process, user and system.");
  auto memory = metrics.gauge("process_resident_memory_bytes", "Resident memory of this process.");
  auto descriptors = metrics.gauge("process_open_fds", "Open file descriptors.");
  auto threads = metrics.gauge("process_threads", "Threads of this process.");
  auto start = metrics.gauge("process_start_time_seconds", "When this process started, Unix time.");
  start.set(boot_time_seconds() + read_process().start_seconds);
  metrics.before_print([=]() mutable {
    const auto now = read_process();
    cpu.add(std::max(0.0, now.cpu_seconds - cpu.value()));
    memory.set(now.resident_bytes);
    threads.set(now.threads);
    descriptors.set(open_descriptors());
  });
}

}  // namespace slipway::observe
