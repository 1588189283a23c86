#pragma once
// The files in a process's folder, and what they say together. Written by the supervisor, read by the broker, which may
// run as another account and therefore follows no link and waits for no file here. Knows no signals.

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "process/fd.h"
#include "process/proc.h"
#include "process/supervisor.h"

namespace slipway::process {

// running.json; exit.json is the same with how it ended.
struct RunRecord {
  enum class Phase { starting, running, ending };

  std::string run_id{};
  Phase phase = Phase::starting;
  Identity supervisor{};
  std::optional<Identity> program{};  // none: nothing was executed yet
  base::Time started_at{};
  std::chrono::milliseconds stop_grace{0};
  std::optional<int> exit_code{};
  std::optional<int> exit_signal{};
  std::string failure{};
};

class RunFolder {
 public:
  // Errors: not_found; whatever open(2) says.
  static base::Result<RunFolder> open(const std::filesystem::path& path);

  // For FolderLock and lock_holder().
  const Fd& directory() const { return directory_; }

  // Each replaces the file as a whole. exit.json is on the disk when write_exit returns.
  base::Result<void> write_spec(const Spec& spec) const;
  // What was asked. Errors: not_found; internal where it is nothing that a supervisor writes.
  base::Result<Spec> spec() const;
  base::Result<void> write_running(const RunRecord& record) const;
  // The first running.json of a run, in place of all that told of the former.
  base::Result<void> begin(const RunRecord& record) const;
  base::Result<void> write_exit(const RunRecord& record) const;
  // Removes running.json and exit.json: as if nothing had ever run here.
  void clear() const;

  // None: there is no such file, or none that can be read.
  std::optional<RunRecord> running() const;
  std::optional<RunRecord> exited() const;

  Status status() const;
  // True where a supervisor was killed and what it ran may still be there.
  bool left_behind() const;

 private:
  explicit RunFolder(Fd directory) : directory_(std::move(directory)) {}
  Fd directory_;
};

}  // namespace slipway::process
