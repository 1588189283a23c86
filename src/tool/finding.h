#pragma once
// What doctor found, and its groups of checks. Each check looks, changes nothing and gives findings that say what to
// do.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cli/context.h"
#include "server/settings.h"

namespace slipway::tool {

enum class Level {
  ok,
  note,     // worth knowing
  warning,  // works, but a person should decide
  problem,  // something will fail
};
std::string_view to_string(Level level);

struct Finding {
  std::string check;  // "slurmctld", "port"
  Level level = Level::ok;
  std::string what;         // one sentence or less
  std::string remedy = {};  // what to do; empty with ok
};

// Slurm's and munge's programs, where the broker would look for them, with their versions.
std::vector<Finding> check_programs(const provider::local::LocalSettings& settings);
// Of `version` lines by program: all of Slurm must be of one version.
Finding compare_versions(const std::vector<std::pair<std::string, std::string>>& versions);

// Host name, ports, folders, disk, clock, kernel, accounts.
std::vector<Finding> check_machine(const server::Settings& settings);
// `addresses`: what the host's name resolves to, as text; empty where it does not.
Finding judge_host_name(const std::string& name, const std::vector<std::string>& addresses);
// Whether Slurm takes the names of the environments' folders, and sockets below them get paths that are short enough.
Finding judge_folder_names(const provider::local::LocalSettings& settings);
// `free_bytes` on the file system of `folder`.
Finding judge_disk(const std::filesystem::path& folder, std::uint64_t free_bytes, std::uint64_t free_files);

// Whether a document's script could be confined here, tried with an empty one. A problem only where the settings allow
// scripts. As root, tried as the environments' account.
Finding check_scripts(const server::Settings& settings);

// Data folder, certificate, and the broker that listens, or what stands in its way.
std::vector<Finding> check_broker(const cli::Context& context, const cli::Settings& options,
                                  const server::Settings& settings);
// Mode and owner of the folder and of what must be private in it.
std::vector<Finding> check_data_folder(const std::filesystem::path& folder);
// `date`: the Date header of an answer that arrived at `now`.
Finding judge_clock_skew(std::string_view date, base::Time now);
Finding check_certificate(const std::filesystem::path& file, base::Time now);

}  // namespace slipway::tool
