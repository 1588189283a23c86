#include "process/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>

#include <array>
#include <charconv>
#include <memory>
#include <string_view>

#include "base/text.h"

extern "C" {  // glibc 2.36 forgot to say so itself
#include <sys/pidfd.h>
}

namespace slipway::process {

std::string read_proc(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 4096> piece;
  ssize_t size = 0;
  while (file && (size = ::read(file.get(), piece.data(), piece.size())) > 0) {
    text.append(piece.data(), static_cast<std::size_t>(size));
  }
  return text;
}

std::optional<ProcessStat> parse_stat(pid_t pid, std::string_view text) {
  // The name, field 2, is in parentheses and may hold any byte: count from the last one.
  const auto name_end = text.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 >= text.size()) return std::nullopt;
  const auto fields = base::split(text.substr(name_end + 2), ' ');  // from field 3
  if (fields.size() < 20) return std::nullopt;
  ProcessStat stat{.pid = pid, .state = fields[0].empty() ? '?' : fields[0][0]};
  const auto number = [&](std::size_t field, auto& value) {
    std::from_chars(fields[field].data(), fields[field].data() + fields[field].size(), value);
  };
  number(1, stat.parent);
  number(19, stat.started);
  for (const std::size_t used : {11, 12, 13, 14}) {  // utime, stime, cutime, cstime
    unsigned long long ticks = 0;
    number(used, ticks);
    stat.cpu += ticks;
  }
  return stat;
}

std::optional<ProcessStat> read_stat(pid_t pid) {
  return parse_stat(pid, read_proc(fmt::format("/proc/{}/stat", pid)));
}

std::vector<ProcessStat> list_processes() {
  std::vector<ProcessStat> processes;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
  while (const dirent* entry = proc ? ::readdir(proc.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr != name.data() + name.size()) continue;
    if (const auto stat = read_stat(pid)) processes.push_back(*stat);
  }
  return processes;
}

std::optional<uid_t> owner_of(pid_t pid) {
  // Not the owner of /proc/PID: that is root for a process that must not be traced.
  const auto text = read_proc(fmt::format("/proc/{}/status", pid));
  const auto at = text.find("\nUid:\t");
  if (at == std::string::npos) return std::nullopt;
  uid_t uid = 0;
  std::from_chars(text.data() + at + 6, text.data() + text.size(), uid);
  return uid;
}

std::vector<ProcessStat> descendants_of(pid_t ancestor, const std::vector<ProcessStat>& processes) {
  std::vector<ProcessStat> found;
  const auto add_children = [&](pid_t parent) {
    for (const auto& process : processes) {
      if (process.parent == parent) found.push_back(process);
    }
  };
  add_children(ancestor);
  // The list is no snapshot: a pid that was used again meanwhile could close a circle, which ends here too.
  for (std::size_t i = 0; i < found.size() && found.size() <= processes.size(); ++i) add_children(found[i].pid);
  return found;
}

const std::string& boot_id() {
  static const std::string id{base::trim(read_proc("/proc/sys/kernel/random/boot_id"))};
  return id;
}

Identity identity_of(const ProcessStat& process) {
  return {.pid = process.pid, .started = process.started, .boot_id = boot_id()};
}

Fd open_pidfd(pid_t pid) {
  return Fd(pid > 0 ? ::pidfd_open(pid, 0) : -1);
}

Fd open_process(const ProcessStat& process) {
  Fd pidfd = open_pidfd(process.pid);
  if (!pidfd) return {};
  // Looked at after the descriptor is held: what is found now is what the descriptor stands for.
  const auto now = read_stat(process.pid);
  if (!now || now->started != process.started || now->state == 'Z') return {};
  return pidfd;
}

Fd open_process(const Identity& identity) {
  if (identity.boot_id != boot_id()) return {};
  return open_process(ProcessStat{.pid = identity.pid, .started = identity.started});
}

bool send_signal(const Fd& pidfd, int signal) {
  return ::pidfd_send_signal(pidfd.get(), signal, nullptr, 0) == 0;
}

}  // namespace slipway::process
