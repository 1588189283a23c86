#include <fmt/format.h>
#include <pwd.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/text.h"
#include "cli/footprint.h"
#include "provider/local/slurm/network.h"
#include "tool/finding.h"

namespace slipway::tool {

namespace {

namespace fs = std::filesystem;
namespace slurm = provider::local::slurm;

constexpr std::uint64_t kMiB = 1 << 20;

Finding check_ports(const broker::PortRange& range) {
  int all = std::max(0, range.last - range.first + 1);
  auto taken = cli::listened_ports();
  auto inside =
      std::count_if(taken.begin(), taken.end(), [&](int port) { return port >= range.first && port <= range.last; });
  auto what = fmt::format("{} of {} ports from {} to {} are free", all - inside, all, range.first, range.last);
  // A small cluster takes one for its controller and one for each node.
  if (all - inside < 10) {
    return {"cluster ports", Level::problem, what, "delete clusters, or widen local.first_port to local.last_port"};
  }
  return {.check = "cluster ports", .what = what};
}

// The folder, or the nearest one above it that exists: there it would be made.
fs::path existing(fs::path folder) {
  std::error_code ignored;
  while (!fs::exists(folder, ignored) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

void check_writable(const fs::path& folder, const std::string& otherwise, std::vector<Finding>& findings) {
  auto place = existing(folder);
  if (::access(place.c_str(), W_OK | X_OK) == 0) return;
  findings.push_back(
      {"folders", Level::problem, base::from_errno(fmt::format("{} cannot be written", place.native())).message,
       fmt::format("give this account the right to write there, or name another folder with {}", otherwise)});
}

// All well: one line suffices.
void check_folders(const server::Settings& settings, std::vector<Finding>& findings) {
  auto before = findings.size();
  check_writable(settings.data_dir, "--data-dir", findings);
  if (existing(settings.local.environments_dir) != existing(settings.data_dir))
    check_writable(settings.local.environments_dir, "local.environments_dir", findings);
  check_writable(settings.local.short_dir, "local.short_dir", findings);
  if (!settings.log.directory.empty()) check_writable(settings.log.directory, "log.directory", findings);
  if (auto names = judge_folder_names(settings.local); names.level != Level::ok) findings.push_back(names);
  if (findings.size() > before) return;
  findings.push_back({.check = "folders", .what = "data, environments and sockets can be written"});
}

Finding check_disk(const fs::path& wanted) {
  auto folder = existing(wanted);
  struct statvfs facts{};
  if (::statvfs(folder.c_str(), &facts) != 0) {
    return {"disk", Level::problem, base::from_errno("looking at " + folder.native()).message, "check the disk"};
  }
  // Some file systems do not count files.
  auto files = facts.f_files == 0 ? std::uint64_t{1'000'000} : facts.f_favail;
  return judge_disk(folder, std::uint64_t{facts.f_bavail} * facts.f_frsize, files);
}

// Each file system once.
void check_disks(const std::vector<fs::path>& folders, std::vector<Finding>& findings) {
  std::set<dev_t> seen;
  for (const auto& folder : folders) {
    struct stat facts{};
    if (::stat(existing(folder).c_str(), &facts) == 0 && !seen.insert(facts.st_dev).second) continue;
    findings.push_back(check_disk(folder));
  }
}

// A cluster takes one instance, by which its broker sees what Slurm's power saving asks for.
Finding check_inotify() {
  constexpr const char* kRaise = "raise {} (sysctl), or end what of this account watches many folders, such as editors";
  int instance = ::inotify_init1(IN_CLOEXEC);
  if (instance < 0) {
    return {"inotify", Level::problem, base::from_errno("no inotify instance is left for this account").message,
            fmt::format(kRaise, "fs.inotify.max_user_instances")};
  }
  bool watches = ::inotify_add_watch(instance, "/", IN_CREATE) >= 0;
  auto refusal = base::from_errno("no inotify watch is left for this account");
  ::close(instance);
  if (!watches) {
    return {"inotify", Level::problem, refusal.message, fmt::format(kRaise, "fs.inotify.max_user_watches")};
  }
  return {.check = "inotify", .what = "folders can be watched"};
}

Finding check_clock() {
  auto year = static_cast<int>(
      std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(base::system_clock().now())).year());
  constexpr int kBuiltIn = 2025;
  if (year < kBuiltIn) {
    return {"clock", Level::problem, fmt::format("the clock says it is the year {}", year),
            "set it (timedatectl set-ntp true): signatures and certificates depend on it"};
  }
  return {.check = "clock", .what = fmt::format("{}", base::iso8601(base::system_clock().now()))};
}

Finding check_kernel() {
  long descriptor = ::syscall(SYS_pidfd_open, ::getpid(), 0);
  if (descriptor < 0) {
    return {"kernel", Level::problem, "pidfd_open is missing, by which processes are ended safely",
            "use Linux 5.3 or newer, and a container that allows pidfd_open"};
  }
  ::close(static_cast<int>(descriptor));
  int subreaper = 0;
  if (::prctl(PR_GET_CHILD_SUBREAPER, &subreaper) != 0) {
    return {"kernel", Level::problem, "child subreapers are missing", "use Linux 3.4 or newer"};
  }
  return {.check = "kernel", .what = "pidfd and child subreapers work"};
}

void check_accounts(std::vector<Finding>& findings) {
  if (::geteuid() != 0) {
    findings.push_back({"accounts", Level::note,
                        "broker and jobs will share this account: a job can read the data folder",
                        "start the broker as root to have two accounts (SECURITY.md)"});
    return;
  }
  for (const char* name : {"slipway", "slipway-env"}) {
    bool there = ::getpwnam(name) != nullptr;
    findings.push_back({"account", there ? Level::ok : Level::problem,
                        fmt::format("{} {}", name, there ? "exists" : "does not exist"),
                        there ? "" : "run tools/setup run, which makes it"});
  }
}

}  // namespace

Finding judge_host_name(const std::string& name, const std::vector<std::string>& addresses) {
  using Listen = slurm::Network::Listen;
  if (addresses.empty()) {
    return {"host name", Level::problem, fmt::format("'{}' does not resolve to an IPv4 address", name),
            fmt::format("add a line to /etc/hosts: 127.0.0.1 {}", name)};
  }
  const auto network = slurm::choose_network(name, addresses);
  const auto resolves = fmt::format("'{}' resolves to {}", name, base::join(addresses, ", "));
  if (network.listen == Listen::loopback) {
    return {.check = "host name", .what = resolves + ": clusters' ports stay on this machine"};
  }
  const auto* open =
      network.listen == Listen::controller ? "all ports of clusters but the controllers'" : "the ports of clusters";
  return {
      "host name", Level::warning,
      fmt::format("{}: {} are open on every address, guarded by munge alone", resolves, open),
      fmt::format("put a firewall before them, or let the name resolve to 127.0.0.1 alone (/etc/hosts: 127.0.0.1 {})",
                  name)};
}

Finding judge_disk(const fs::path& folder, std::uint64_t free_bytes, std::uint64_t free_files) {
  auto what = fmt::format("{} MiB and {} files are free at {}", free_bytes / kMiB, free_files, folder.native());
  if (free_bytes < 200 * kMiB || free_files < 1000) return {"disk", Level::problem, what, "make room there"};
  if (free_bytes < 1024 * kMiB) return {"disk", Level::warning, what, "make room there before it is full"};
  return {.check = "disk", .what = what};
}

Finding judge_folder_names(const provider::local::LocalSettings& settings) {
  using provider::local::kLongestEnvironmentsDir, provider::local::kLongestShortDir;
  for (const auto& folder : {settings.environments_dir, settings.short_dir}) {
    if (provider::local::slurm_takes(folder)) continue;
    return {
        "folders", Level::problem,
        fmt::format("{} has other characters than letters, digits and /.-_: Slurm takes no such path", folder.native()),
        "name another folder with local.environments_dir or local.short_dir, or with --data-dir"};
  }
  auto too_long = [](const fs::path& folder, std::size_t most, const std::string& remedy) -> Finding {
    return {"folders", Level::problem,
            fmt::format("{} is {} characters too long for the sockets of clusters", folder.native(),
                        folder.native().size() - most),
            remedy};
  };
  if (settings.environments_dir.native().size() > kLongestEnvironmentsDir) {
    return too_long(settings.environments_dir, kLongestEnvironmentsDir,
                    "name a shorter folder with local.environments_dir, or with --data-dir");
  }
  if (settings.short_dir.native().size() > kLongestShortDir) {
    return too_long(settings.short_dir, kLongestShortDir, "name a shorter folder with local.short_dir");
  }
  return {.check = "folders", .what = "clusters and their sockets get names that Slurm takes"};
}

std::vector<Finding> check_machine(const server::Settings& settings) {
  std::vector<Finding> findings;
  const auto name = slurm::host_name();
  findings.push_back(judge_host_name(name, slurm::addresses_of(name)));
  findings.push_back(check_ports(settings.local.ports));
  check_folders(settings, findings);
  check_disks({settings.data_dir, settings.local.environments_dir, settings.local.short_dir}, findings);
  findings.push_back(check_inotify());
  findings.push_back(check_clock());
  findings.push_back(check_kernel());
  check_accounts(findings);
  return findings;
}

}  // namespace slipway::tool
