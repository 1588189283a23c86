#pragma once
// What /proc tells about processes, and signals that reach the process that was meant or none. A pid alone names
// nobody: it is used again. Blocks only as /proc does.

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "process/fd.h"

namespace slipway::process {

struct ProcessStat {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = 0;                  // 'Z': ended, not yet reaped
  unsigned long long started = 0;  // field 22 of /proc/PID/stat: clock ticks since boot
  unsigned long long cpu = 0;      // clock ticks that it, and children of it that it has reaped, have used
};

// A process for good: no other process ever has the same three.
struct Identity {
  pid_t pid = 0;
  unsigned long long started = 0;
  std::string boot_id{};
};

// A file of /proc as a whole; empty where it, or the process, is gone or may not be read.
std::string read_proc(const std::string& path);
// Of the text of /proc/PID/stat; none where it is no such text.
std::optional<ProcessStat> parse_stat(pid_t pid, std::string_view text);
// None: there is no such process (any more).
std::optional<ProcessStat> read_stat(pid_t pid);
// Every process that /proc shows, in no order.
std::vector<ProcessStat> list_processes();
// The real user of a process; none: gone.
std::optional<uid_t> owner_of(pid_t pid);
// Everything in `processes` that descends from `ancestor`, parents first.
std::vector<ProcessStat> descendants_of(pid_t ancestor, const std::vector<ProcessStat>& processes);

// This boot of this machine.
const std::string& boot_id();
Identity identity_of(const ProcessStat& process);

// A pidfd of exactly this process; empty where it has ended, or where its pid is another's now.
Fd open_process(const ProcessStat& process);
Fd open_process(const Identity& identity);
Fd open_pidfd(pid_t pid);
// False where the process has ended or may not be signalled.
bool send_signal(const Fd& pidfd, int signal);

}  // namespace slipway::process
