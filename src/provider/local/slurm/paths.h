#pragma once
// Where the parts of a cluster lie. Pure. Used by everything in this folder.

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "provider/local/environments_folder.h"

namespace slipway::provider::local::slurm {

namespace fs = std::filesystem;

struct Paths {
  fs::path directory;  // <environments_dir>/<key>
  fs::path sockets;    // <short_dir>/sw-<key>: slurmd's spool, which has sockets in it

  static Paths of(const LocalSettings& settings, const base::EnvironmentId& id);
  // `key`: see key_of().
  static Paths of_key(const LocalSettings& settings, std::string_view key);

  fs::path etc(std::string_view file) const { return directory / ("etc/" + std::string(file)); }
  fs::path slurm_conf() const { return etc("slurm.conf"); }
  fs::path record() const { return etc("cluster.json"); }
  fs::path munge_key() const { return etc("munge.key"); }
  fs::path munge_socket() const { return directory / "run/munge.socket"; }
  fs::path node_conf(std::string_view node) const;
  // There while the node is to run: made and removed by Slurm's ResumeProgram and SuspendProgram.
  fs::path markers() const { return directory / "power"; }
  // Folders of process::Supervisors, one for each daemon: munged, slurmctld or a node's name.
  fs::path processes() const { return directory / "process"; }
  fs::path process(std::string_view daemon) const { return processes() / daemon; }
  // Everything that the daemon wrote. Slurm's write it to log/<daemon>.log too, with times, once they have read where.
  fs::path output(std::string_view daemon) const;
  // What a client is told of them.
  std::vector<std::pair<std::string, std::string>> tags() const;
  // In `sockets`: a link to `directory`, which tells whose folder it is.
  fs::path owner() const { return sockets / "owner"; }
};

inline constexpr std::string_view kMunged = "munged";
inline constexpr std::string_view kController = "slurmctld";

}  // namespace slipway::provider::local::slurm
