#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "cli/footprint.h"
#include "config/data_dir.h"
#include "tool/finding.h"

namespace slipway::tool {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMiB = 1 << 20;

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

std::vector<std::string> addresses_of(const std::string& name) {
  std::vector<std::string> addresses;
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(name.c_str(), nullptr, &wanted, &found) != 0) return addresses;
  for (const auto* one = found; one; one = one->ai_next) {
    char text[NI_MAXHOST] = {};
    ::getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
    addresses.emplace_back(text);
  }
  ::freeaddrinfo(found);
  return addresses;
}

Finding check_ports(const DoctorOptions& options) {
  if (options.last_port < options.first_port) {
    return {"cluster ports", Level::problem, "the last port is less than the first",
            "set local.first_port and local.last_port"};
  }
  int all = options.last_port - options.first_port + 1;
  auto taken = cli::listened_ports();
  auto inside = std::count_if(taken.begin(), taken.end(),
                              [&](int port) { return port >= options.first_port && port <= options.last_port; });
  auto what =
      fmt::format("{} of {} ports from {} to {} are free", all - inside, all, options.first_port, options.last_port);
  // A small cluster takes one for its controller and one for each node.
  if (all - inside < 10) {
    return {"cluster ports", Level::problem, what, "delete clusters, or widen local.first_port to local.last_port"};
  }
  return {.check = "cluster ports", .what = what};
}

Finding check_disk(fs::path folder) {
  std::error_code ignored;
  while (!fs::exists(folder, ignored) && folder.has_relative_path()) folder = folder.parent_path();
  struct statvfs facts{};
  if (::statvfs(folder.c_str(), &facts) != 0) {
    return {"disk", Level::problem, base::from_errno("looking at " + folder.native()).message, "check the disk"};
  }
  // Some file systems do not count files.
  auto files = facts.f_files == 0 ? std::uint64_t{1'000'000} : facts.f_favail;
  return judge_disk(folder, std::uint64_t{facts.f_bavail} * facts.f_frsize, files);
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
  if (addresses.empty()) {
    return {"host name", Level::problem, fmt::format("'{}' does not resolve to an address", name),
            fmt::format("add a line to /etc/hosts: 127.0.0.1 {}", name)};
  }
  for (const auto& address : addresses) {
    if (address.starts_with("127.") || address == "::1") continue;
    return {"host name", Level::warning,
            fmt::format("'{}' resolves to {}: the ports of clusters are open on every address, guarded by munge alone",
                        name, address),
            fmt::format("put a firewall before them, or let the name resolve to loopback (/etc/hosts: 127.0.0.1 {})",
                        name)};
  }
  return {.check = "host name",
          .what = fmt::format("'{}' resolves to loopback: clusters' ports stay on this machine", name)};
}

Finding judge_disk(const fs::path& folder, std::uint64_t free_bytes, std::uint64_t free_files) {
  auto what = fmt::format("{} MiB and {} files are free at {}", free_bytes / kMiB, free_files, folder.native());
  if (free_bytes < 200 * kMiB || free_files < 1000) return {"disk", Level::problem, what, "make room there"};
  if (free_bytes < 1024 * kMiB) return {"disk", Level::warning, what, "make room there before it is full"};
  return {.check = "disk", .what = what};
}

std::vector<Finding> check_machine(const DoctorOptions& options) {
  std::vector<Finding> findings;
  auto name = host_name();
  findings.push_back(judge_host_name(name, addresses_of(name)));
  findings.push_back(check_ports(options));
  findings.push_back(check_disk(cli::data_dir_of(options.settings)));
  findings.push_back(check_disk("/tmp"));
  findings.push_back(check_clock());
  findings.push_back(check_kernel());
  check_accounts(findings);
  return findings;
}

}  // namespace slipway::tool
