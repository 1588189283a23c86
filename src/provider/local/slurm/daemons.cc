#include "provider/local/slurm/daemons.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "process/fd.h"
#include "provider/local/as_account.h"
#include "provider/local/regular_file.h"
#include "provider/local/slurm/client.h"

namespace slipway::provider::local::slurm {

using base::Result;
using process::State;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kTailBytes = 16 << 10;
constexpr std::uintmax_t kDiskReserveBytes = 256 << 10;

base::Error program_missing(const fs::path& program) {
  const auto name = program.filename().native();
  return base::unavailable(fmt::format("the program {} is missing; install it with: apt-get install {}",
                                       program.native(), name == kMunged ? "munge" : "slurm-wlm"),
                           "ProgramMissing");
}

std::string in_words(std::string_view daemon) {
  if (daemon == kMunged || daemon == kController) return std::string(daemon);
  return fmt::format("slurmd of {}", daemon);
}

base::Error not_started(base::Error error, std::string_view daemon, const fs::path& program) {
  // Where the program is there, it is something else that was not found.
  if (error.kind == base::ErrorKind::not_found && ::access(program.c_str(), F_OK) != 0) return program_missing(program);
  if (!error.code.empty()) return error;
  if (error.message.find("No space left") != std::string::npos) {
    error.code = "DiskFull";
    error.evidence.push_back(std::move(error.message));
    error.message = fmt::format(
        "{} cannot be started because the disk is full; free some space on the disk of the clusters' folders",
        in_words(daemon));
    return error;
  }
  error.code = "DaemonNotStarted";
  error.message = fmt::format("{} cannot be started: {}", in_words(daemon), error.message);
  return error;
}

// slurmd leaves its jobs' slurmstepd behind, which ignores SIGTERM: more grace would change nothing.
milliseconds stop_grace(std::string_view daemon) {
  if (daemon == kController) return milliseconds(5000);
  return milliseconds(daemon == kMunged ? 2000 : 1000);
}

bool exists(const fs::path& path, const Account& account) {
  const AsAccount as(account);
  struct stat info = {};  // access(2) would ask for the real user, which stays the broker's
  return ::stat(path.c_str(), &info) == 0;
}

// Who cannot write cannot write that either.
bool is_full(const fs::path& folder, const Account& account) {
  const AsAccount as(account);
  std::error_code error;
  const auto space = fs::space(folder, error);
  return !error && space.available < kDiskReserveBytes;
}

bool listens(const Endpoint& endpoint) {
  const process::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience = {.tv_sec = 0, .tv_usec = 20000};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  return fd && ::inet_pton(AF_INET, endpoint.address.c_str(), &address.sin_addr) == 1 &&
         ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

// Slurm's commands sleep for whole seconds where nothing listens: they are asked when something does.
net::Task<void> answer(const Machine& machine, Paths paths, Endpoint controller, std::string daemon) {
  if (daemon == kMunged) {
    if (exists(paths.munge_socket(), machine.account)) co_return Result<void>();
    co_return base::unavailable("munged has not made its socket", "NoAnswer");
  }
  if (!listens(controller)) co_return base::unavailable("slurmctld does not listen", "NoAnswer");
  co_return co_await Client(machine, paths).ping();
}

void forget_socket(const Machine& machine, const Paths& paths) {
  const AsAccount as(machine.account);
  ::unlink(paths.munge_socket().c_str());
}

std::vector<std::string> tail(const fs::path& path) {
  const auto read = read_tail(path, kTailBytes);
  const std::string text = read ? *read : std::string();
  std::vector<std::string> lines;
  for (const auto line : base::split(text, '\n')) lines.emplace_back(base::trim(line).substr(0, 500));
  return lines;
}

}  // namespace

Result<void> check_programs(const LocalSettings& settings) {
  for (const auto& [folder, names] : {std::pair(settings.daemons_dir, std::vector{"munged", "slurmctld", "slurmd"}),
                                      std::pair(settings.commands_dir, std::vector{"scontrol", "sinfo", "squeue"})}) {
    for (const auto* name : names) {
      if (::access((folder / name).c_str(), X_OK) != 0) return program_missing(folder / name);
    }
  }
  return {};
}

std::map<std::string, std::string> daemon_environment(const Paths& paths) {
  return {{"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"},
          {"HOME", paths.directory.native()},
          {"LANG", "C.UTF-8"},
          {"SLURM_CONF", paths.slurm_conf().native()}};
}

process::Spec daemon_spec(const LocalSettings& settings, const Paths& paths, std::string_view daemon) {
  const auto program = [&](const char* name) { return (settings.daemons_dir / name).native(); };
  const auto file = [&](const char* name) { return (paths.directory / name).native(); };
  process::Spec spec{.environment = daemon_environment(paths),
                     .directory = paths.directory,
                     .log = paths.output(daemon),
                     .stop_grace = stop_grace(daemon)};
  if (daemon == kMunged) {
    // --force: it would refuse a folder that others cannot enter, which is what keeps others from submitting jobs.
    spec.command = {program("munged"),
                    "--foreground",
                    "--force",
                    "--key-file=" + paths.munge_key().native(),
                    "--socket=" + paths.munge_socket().native(),
                    "--pid-file=" + file("run/munged.pid"),
                    "--seed-file=" + file("run/munged.seed")};
  } else if (daemon == kController) {
    spec.command = {program("slurmctld"), "-D", "-f", paths.slurm_conf().native()};
  } else {
    // -b: slurmctld waits for a boot time after the resume.
    spec.command = {program("slurmd"), "-D", "-b", "-N", std::string(daemon), "-f", paths.node_conf(daemon).native()};
  }
  return spec;
}

net::Task<process::Status> start_daemon(const Machine& machine, Paths paths, Endpoint controller, std::string daemon,
                                        milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const auto folder = paths.process(daemon);
  auto spec = daemon_spec(machine.settings, paths, daemon);
  const fs::path program = spec.command.front();
  // One that an earlier munged left would look like an answer.
  if (daemon == kMunged && machine.supervisors.status(folder).state != State::running) forget_socket(machine, paths);
  auto started = co_await machine.supervisors.start(folder, std::move(spec));
  if (!started) co_return not_started(std::move(started).error(), daemon, program);
  if (daemon != kMunged && daemon != kController) co_return std::move(*started);
  for (milliseconds pause{4};; pause = std::min(pause * 3 / 2, milliseconds(200))) {
    auto answered = co_await answer(machine, paths, controller, daemon);
    const auto status = machine.supervisors.status(folder);
    if (status.state != State::running) co_return died(machine, paths, daemon, status);
    if (answered) co_return status;
    if (std::chrono::steady_clock::now() >= deadline) {
      auto error =
          base::unavailable(fmt::format("{} runs but did not answer within {} s; the machine may be overloaded", daemon,
                                        patience.count() / 1000),
                            "NoAnswer");
      error.evidence = last_lines(paths, daemon, machine.account);
      co_return error;
    }
    co_await net::sleep_for(machine.runtime, pause);
  }
}

net::Task<void> stop_daemons(const Machine& machine, Paths paths, std::vector<std::string> names) {
  std::optional<base::Error> failure;
  net::TaskGroup group(machine.runtime);
  for (const auto& name : names) {
    group.spawn("stopping " + name,
                [&machine, &failure, folder = paths.process(name)]() -> boost::asio::awaitable<void> {
                  auto stopped = co_await machine.supervisors.stop(folder);
                  if (!stopped) failure = std::move(stopped).error();
                });
  }
  co_await group.join();
  if (failure) co_return std::move(*failure);
  co_return Result<void>();
}

base::Error died(const Machine& machine, const Paths& paths, std::string_view daemon, const process::Status& status) {
  auto lines = last_lines(paths, daemon, machine.account);
  const auto says = [&](std::string_view words) {
    return std::ranges::any_of(lines, [&](const std::string& line) { return line.find(words) != std::string::npos; });
  };
  const auto how = !status.failure.empty() ? fmt::format("ended: {}", status.failure)
                   : status.exit_signal    ? fmt::format("was ended by signal {}", *status.exit_signal)
                                           : fmt::format("ended with exit code {}", status.exit_code.value_or(-1));
  const auto who = in_words(daemon);
  std::string code = "DaemonDied", cause = fmt::format("{} {}", who, how),
              remedy = "`slipway why` shows its last log lines";
  if (lines.empty()) cause += " and wrote no reason";
  if (lines.empty() || status.exit_signal) remedy = "the kernel's log (dmesg) may say why, such as a lack of memory";
  if (says("Address already in use")) {
    code = "PortTaken";
    cause = fmt::format("the port of {} was taken by another program after it was reserved", who);
    remedy = "end that program, or delete the cluster and create it again";
  } else if (says("No space left on device") || is_full(paths.directory, machine.account)) {
    code = "DiskFull";
    cause = fmt::format("{} ended because the disk is full", who);
    remedy = "free some space on the disk of the clusters' folders";
  }
  auto error = base::unavailable(fmt::format("{}; {}", cause, remedy), code);
  if (!lines.empty()) lines.push_back(how);
  error.evidence = std::move(lines);
  return error;
}

std::vector<std::string> last_lines(const Paths& paths, std::string_view daemon, const Account& account,
                                    std::size_t count) {
  const AsAccount as(account);
  auto lines = tail(paths.output(daemon));
  std::erase_if(lines, [](const std::string& line) { return line.empty() || is_noise(line); });
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
  return lines;
}

bool is_noise(std::string_view line) {
  constexpr std::array kHarmless = {"state save file",
                                    "Domain socket directory",
                                    "xcpuinfo_hwloc_topo_load",
                                    "Zero Bytes were",
                                    "pmix",
                                    "PMIx",
                                    "Node configuration differs",
                                    "Socket is inaccessible",
                                    "NO_CONF_HASH",
                                    "Unauthorized credential for client"};
  const auto has = [&](std::string_view text) { return line.find(text) != std::string_view::npos; };
  if (has("state file") && (has("No such file") || has("to recover") || has("found"))) return true;
  return std::ranges::any_of(kHarmless, has);
}

}  // namespace slipway::provider::local::slurm
