#include "cli/footprint.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/text.h"

namespace slipway::cli {

namespace {

namespace fs = std::filesystem;

std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();  // of a process that ends meanwhile, what there was: an iterator would throw
  return text.str();
}

std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator("/proc", failed)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc() && end == name.data() + name.size()) pids.push_back(pid);
  }
  return pids;
}

fs::path proc(pid_t pid) {
  return fs::path("/proc") / std::to_string(pid);
}

struct Stat {
  std::string name;
  char state = 'X';
  pid_t parent = 0;
  std::uint64_t started = 0;
};

std::optional<Stat> read_stat(pid_t pid) {
  std::string text = read_all(proc(pid) / "stat");
  auto open = text.find('('), close = text.rfind(')');  // the name may hold blanks and brackets
  if (open == std::string::npos || close == std::string::npos) return std::nullopt;
  Stat stat{.name = text.substr(open + 1, close - open - 1)};
  auto fields = base::split(std::string_view(text).substr(close + 2), ' ');
  if (fields.size() < 20) return std::nullopt;
  stat.state = fields[0].front();
  stat.parent = static_cast<pid_t>(std::strtol(fields[1].data(), nullptr, 10));
  stat.started = std::strtoull(fields[19].data(), nullptr, 10);
  return stat;
}

std::set<pid_t> self_and_ancestors() {
  std::set<pid_t> family;
  for (pid_t pid = ::getpid(); pid > 0 && family.insert(pid).second;) {
    auto stat = read_stat(pid);
    if (!stat) break;
    pid = stat->parent;
  }
  return family;
}

// `folder` as a whole path, or something below it: not /x/env-1 in /x/env-10.
bool names(std::string_view text, const std::string& folder) {
  for (auto at = text.find(folder); at != std::string_view::npos; at = text.find(folder, at + 1)) {
    auto next = at + folder.size();
    if (next == text.size() || std::string_view("/\0 :,;\"')", 9).find(text[next]) != std::string_view::npos)
      return true;
  }
  return false;
}

bool lives_in(pid_t pid, const std::string& folder) {
  std::error_code failed;
  auto directory = fs::read_symlink(proc(pid) / "cwd", failed);
  if (!failed && names(directory.native(), folder)) return true;
  return names(read_all(proc(pid) / "cmdline"), folder) || names(read_all(proc(pid) / "environ"), folder);
}

// Socket inode to port, of all listening TCP sockets.
std::map<std::string, int> listening() {
  std::map<std::string, int> ports;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(table);
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
      std::vector<std::string_view> fields;
      for (auto field : base::split(line, ' ')) {
        if (!field.empty()) fields.push_back(field);
      }
      constexpr std::string_view kListen = "0A";
      if (fields.size() < 10 || fields[3] != kListen) continue;
      auto colon = fields[1].rfind(':');
      ports[std::string(fields[9])] = static_cast<int>(std::strtol(fields[1].data() + colon + 1, nullptr, 16));
    }
  }
  return ports;
}

std::set<int> ports_of(pid_t pid, const std::map<std::string, int>& by_inode) {
  std::set<int> ports;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(proc(pid) / "fd", failed)) {
    std::error_code gone;
    std::string target = fs::read_symlink(entry.path(), gone);
    if (gone || !target.starts_with("socket:[")) continue;
    auto found = by_inode.find(target.substr(8, target.size() - 9));
    if (found != by_inode.end()) ports.insert(found->second);
  }
  return ports;
}

}  // namespace

Footprint footprint(const fs::path& folder) {
  Footprint found;
  if (folder.empty()) return found;
  std::error_code failed;
  found.folder = fs::exists(folder, failed);
  auto family = self_and_ancestors();
  auto by_inode = listening();
  std::set<int> ports;
  for (pid_t pid : all_pids()) {
    if (family.contains(pid) || !lives_in(pid, folder.native())) continue;
    auto stat = read_stat(pid);
    if (!stat || stat->state == 'Z') continue;
    found.processes.push_back({pid, stat->name, stat->started});
    ports.merge(ports_of(pid, by_inode));
  }
  found.ports.assign(ports.begin(), ports.end());
  return found;
}

Footprint left_of(const Footprint& before, const fs::path& folder) {
  Footprint left = footprint(folder);
  for (const auto& process : before.processes) {
    auto stat = read_stat(process.pid);
    bool alive = stat && stat->started == process.started && stat->state != 'Z';
    bool known = std::any_of(left.processes.begin(), left.processes.end(),
                             [&](const Process& other) { return other.pid == process.pid; });
    if (alive && !known) left.processes.push_back(process);
  }
  for (const auto& [inode, port] : listening()) {
    bool ours = std::find(before.ports.begin(), before.ports.end(), port) != before.ports.end();
    bool known = std::find(left.ports.begin(), left.ports.end(), port) != left.ports.end();
    if (ours && !known) left.ports.push_back(port);
  }
  return left;
}

std::vector<int> listened_ports() {
  std::set<int> ports;
  for (const auto& [inode, port] : listening()) ports.insert(port);
  return {ports.begin(), ports.end()};
}

std::optional<Process> listener_on(int port) {
  std::map<std::string, int> wanted;
  for (const auto& [inode, listened] : listening()) {
    if (listened == port) wanted[inode] = listened;
  }
  if (wanted.empty()) return std::nullopt;
  for (pid_t pid : all_pids()) {
    if (ports_of(pid, wanted).empty()) continue;
    auto stat = read_stat(pid);
    if (stat) return Process{pid, stat->name, stat->started};
  }
  return Process{};
}

}  // namespace slipway::cli
