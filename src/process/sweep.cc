#include "process/sweep.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "base/text.h"

namespace slipway::process {

namespace fs = std::filesystem;

namespace {

constexpr int kRounds = 50;
constexpr std::chrono::milliseconds kSupervisorsEnd{5000};
constexpr std::chrono::milliseconds kKilledEnd{1000};

bool is_path_character(char c) {
  return c == '/' || c == '.' || c == '-' || c == '_' || static_cast<unsigned char>(c) >= 0x80 ||
         std::isalnum(static_cast<unsigned char>(c));
}

bool same_program(pid_t pid) {
  struct stat own = {}, other = {};
  return ::stat("/proc/self/exe", &own) == 0 && ::stat(fmt::format("/proc/{}/exe", pid).c_str(), &other) == 0 &&
         own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

class Sweep {
 public:
  Sweep(const fs::path& folder, const std::optional<Identity>& program) : program_(program) {
    std::error_code unresolved;
    names_.insert(folder.lexically_normal().native());
    names_.insert(fs::weakly_canonical(folder, unresolved).native());
    names_.erase("");
    for (auto stat = read_stat(::getpid()); stat; stat = read_stat(stat->parent)) spared_.insert(stat->pid);
  }

  base::Result<int> run() {
    end_supervisors();
    if (program_) {
      if (const Fd pidfd = open_process(*program_); pidfd && owner_of(program_->pid) == ::getuid()) {
        end(pidfd, program_->pid, SIGKILL, kKilledEnd);
      }
    }
    std::vector<pid_t> left;
    for (int round = 0; round < kRounds; ++round) {
      left = kill_all();
      if (left.empty()) return static_cast<int>(ended_.size());
    }
    return base::unavailable(
        fmt::format("processes {} of {} could not be ended", fmt::join(left, ", "), *names_.begin()));
  }

 private:
  bool ours(const ProcessStat& process) const {
    return process.state != 'Z' && !spared_.contains(process.pid) && owner_of(process.pid) == ::getuid();
  }

  bool named_in(std::string_view text) const {
    return std::ranges::any_of(names_, [&](const std::string& name) { return names_folder(text, name); });
  }

  bool works_below(pid_t pid) const {
    std::string path(4096, '\0');
    const ssize_t size = ::readlink(fmt::format("/proc/{}/cwd", pid).c_str(), path.data(), path.size());
    return size > 0 && named_in(std::string_view(path).substr(0, static_cast<std::size_t>(size)));
  }

  enum class Tie { none, named, marked };

  // SLIPWAY_PROCESS is the mark that a supervisor gives. OLDPWD tells where a shell came from, not what it belongs to.
  Tie tie_of(const std::string& environment) const {
    Tie tie = Tie::none;
    for (const auto variable : base::split(environment, '\0')) {
      if (variable.starts_with("OLDPWD=") || !named_in(variable)) continue;
      if (variable.starts_with("SLIPWAY_PROCESS=")) return Tie::marked;
      tie = Tie::named;
    }
    return tie;
  }

  static bool is_supervisor(std::string_view command_line) {
    const auto words = base::split(command_line, '\0');
    return words.size() > 2 && words[0] == "slipway" && words[1] == "supervise";
  }

  bool belongs(const ProcessStat& process) const {
    if (!ours(process)) return false;
    const auto command_line = read_proc(fmt::format("/proc/{}/cmdline", process.pid));
    const auto tie = tie_of(read_proc(fmt::format("/proc/{}/environ", process.pid)));
    if (tie == Tie::marked) return true;
    const bool named = tie == Tie::named || named_in(command_line) || works_below(process.pid);
    // Another broker, or a command of a user, is this program too.
    return named && (is_supervisor(command_line) || !same_program(process.pid));
  }

  // SIGINT: a supervisor ends everybody under it, also those who bear no mark.
  void end_supervisors() {
    for (const auto& process : list_processes()) {
      if (!ours(process)) continue;
      const auto command_line = read_proc(fmt::format("/proc/{}/cmdline", process.pid));
      if (!is_supervisor(command_line) || !named_in(command_line)) continue;
      if (const Fd pidfd = open_process(process)) end(pidfd, process.pid, SIGINT, kSupervisorsEnd);
    }
  }

  // One round; gives those who are still there.
  std::vector<pid_t> kill_all() {
    std::vector<pid_t> left;
    std::vector<Fd> killed;
    for (const auto& process : list_processes()) {
      Fd pidfd = belongs(process) ? open_process(process) : Fd();
      if (!pidfd) continue;
      left.push_back(process.pid);
      if (!send_signal(pidfd, SIGKILL)) continue;
      ended_.insert(process.pid);
      killed.push_back(std::move(pidfd));
    }
    for (const Fd& pidfd : killed) has_ended(pidfd, kKilledEnd);
    return left;
  }

  void end(const Fd& pidfd, pid_t pid, int signal, std::chrono::milliseconds patience) {
    if (send_signal(pidfd, signal) && has_ended(pidfd, patience)) ended_.insert(pid);
  }

  static bool has_ended(const Fd& pidfd, std::chrono::milliseconds patience) {
    pollfd news{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
    return ::poll(&news, 1, static_cast<int>(patience.count())) > 0;
  }

  std::optional<Identity> program_;
  std::set<std::string> names_;  // as given, and without symbolic links
  std::set<pid_t> spared_;
  std::set<pid_t> ended_;
};

}  // namespace

bool names_folder(std::string_view text, std::string_view folder) {
  // An absolute path begins here, not in the middle of a longer one; an option may be written against it, as in -f/a/b.
  const auto begins_at = [text](std::size_t at) {
    std::size_t word = at;
    while (word > 0 && is_path_character(text[word - 1])) --word;
    const auto before = text.substr(word, at - word);
    return before.empty() || (before.starts_with('-') && before.find('/') == std::string_view::npos);
  };
  for (auto at = text.find(folder); at != std::string_view::npos; at = text.find(folder, at + 1)) {
    const auto after = at + folder.size();
    const bool ends = after == text.size() || text[after] == '/' || !is_path_character(text[after]);
    if (ends && begins_at(at)) return true;
  }
  return false;
}

base::Result<int> sweep_folder(const fs::path& folder, const std::optional<Identity>& program) {
  return Sweep(folder, program).run();
}

}  // namespace slipway::process
