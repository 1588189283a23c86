#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <optional>

#include "base/text.h"
#include "cli/subprocess.h"
#include "tool/finding.h"

namespace slipway::tool {

namespace {

constexpr std::string_view kInstall = "apt-get install --no-install-recommends slurm-wlm munge";

struct Program {
  const char* name;
  const char* option;
  bool daemon;
};

constexpr Program kPrograms[] = {
    {"slurmctld", "-V", true}, {"slurmd", "-V", true},  {"munged", "--version", true}, {"scontrol", "-V", false},
    {"sinfo", "-V", false},    {"sbatch", "-V", false}, {"srun", "-V", false},
};

// Slurm's clients print their version only where they find a configuration.
class LeastSlurmConf {
 public:
  LeastSlurmConf() {
    int file = ::mkstemp(name_.data());
    if (file < 0) return;
    constexpr std::string_view kText = "ClusterName=doctor\nSlurmctldHost=localhost\n";
    [[maybe_unused]] auto ignored = ::write(file, kText.data(), kText.size());
    ::close(file);
  }
  ~LeastSlurmConf() { ::unlink(name_.c_str()); }
  LeastSlurmConf(const LeastSlurmConf&) = delete;
  const std::string& name() const { return name_; }

 private:
  std::string name_ = "/tmp/slipway-doctor-XXXXXX";
};

}  // namespace

Finding compare_versions(const std::vector<std::pair<std::string, std::string>>& versions) {
  for (const auto& [name, version] : versions) {
    if (version != versions.front().second) {
      return {.check = "versions",
              .level = Level::problem,
              .what = fmt::format("{} is of {}, but {} is of {}", versions.front().first, versions.front().second, name,
                                  version),
              .remedy = fmt::format("install all of Slurm from one source: {}", kInstall)};
    }
  }
  return {.check = "versions", .what = "all of Slurm is of one version"};
}

std::vector<Finding> check_programs(const provider::local::LocalSettings& settings) {
  LeastSlurmConf configuration;
  std::vector<Finding> findings;
  std::vector<std::pair<std::string, std::string>> slurm;
  for (const auto& program : kPrograms) {
    const std::string name = program.name;
    const auto path = (program.daemon ? settings.daemons_dir : settings.commands_dir) / name;
    auto ran = cli::run_to_end({.command = {path, program.option}, .variables = {{"SLURM_CONF", configuration.name()}}},
                               std::chrono::seconds(10));
    if (!ran || ran->exit_code != 0) {
      auto why = ran ? fmt::format("{} ends with exit code {}: {}", path.native(), ran->exit_code,
                                   base::split(base::trim(ran->output), '\n').back())
                     : ran.error().message;
      findings.push_back({name, Level::problem, why,
                          fmt::format("{}; or say with local.{} where it is", kInstall,
                                      program.daemon ? "daemons_dir" : "commands_dir")});
      continue;
    }
    std::string version(base::split(base::trim(ran->output), '\n').front());
    if (name != "munged") slurm.emplace_back(name, version);
    findings.push_back({.check = name, .what = version});
  }
  if (!slurm.empty()) findings.push_back(compare_versions(slurm));
  return findings;
}

}  // namespace slipway::tool
