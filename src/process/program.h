#pragma once
// The program under a supervisor: forked, held at a gate, let go. For the supervisor, which has one thread; knows no
// folder and no broker.

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "process/fd.h"
#include "process/supervisor.h"

namespace slipway::process {

class Program {
 public:
  struct Confinement {
    const Sandbox& sandbox;
    const Fd& result;  // becomes kResultDescriptor
  };
  // Forks. The child is the leader of its own session, dies with this process, and waits; nothing was executed yet.
  // `mark`: value of SLIPWAY_PROCESS in its environment; empty: none. Where the Program is destroyed before release(),
  // the child ends by itself and is left to be reaped. `confinement`: after open_namespaces(); the child is the first
  // of its process namespace, so that the kernel ends all it forked with it.
  static base::Result<Program> fork(const Spec& spec, const std::string& mark, const Fd& out, const Fd& err,
                                    std::optional<Confinement> confinement = std::nullopt);

  pid_t pid() const { return pid_; }
  // Lets it execute the command and returns when that has succeeded. Errors: not_found, forbidden and the like, in
  // words for people; the child has ended then and is reaped.
  base::Result<void> release();

 private:
  Program(pid_t pid, Fd gate, Fd outcome, const Spec& spec);
  base::Error explain(int stage, int error) const;

  pid_t pid_;
  Fd gate_;
  Fd outcome_;
  std::string command_;
  std::string directory_;
};

}  // namespace slipway::process
