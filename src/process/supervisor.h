#pragma once
// Local processes that outlive the broker. Each has a folder, which is its name: start(folder) twice is one process.
// A supervisor (this binary, re-executed as `slipway supervise FOLDER`) holds the folder's lock, waits for the word
// `go`, runs the program, reaps every descendant and writes the exit status to a file. Knows no Slurm and no
// environment.
//
// In the folder: spec.json (what was asked), lock (held while the supervisor lives), running.json (pid, start time,
// boot id), log (both output streams; log.1 is the end of it when it had grown beyond 64 MiB), exit.json (how it ended;
// there only after no descendant is left). The program finds the folder's path in SLIPWAY_PROCESS.

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/runtime.h"
#include "net/task.h"

namespace slipway::process {

// The account that environments run as; unset: the broker's own. Set where the broker was started as root.
struct Account {
  std::string name{};
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home{};
};

struct Spec {
  std::vector<std::string> command{};                // absolute program path first
  std::map<std::string, std::string> environment{};  // the whole environment; nothing is inherited
  std::filesystem::path directory{};                 // working directory; default FOLDER
  std::filesystem::path log{};                       // both streams are appended here, within bounds; FOLDER/log
  std::chrono::milliseconds stop_grace{5000};        // between SIGTERM and SIGKILL
};

// How a program is confined that nobody vouches for: it sees the read-only system and a folder of its own, /tmp, which
// goes with it; no network, no other process, nothing of anybody's data.
struct Sandbox {
  std::string input{};                          // its stdin
  std::vector<std::filesystem::path> hidden{};  // folders that must not be seen, should they lie in /usr
  std::size_t memory_bytes = 512 << 20;         // address space of each of its processes
  std::size_t files_bytes = 64 << 20;           // all that it writes in /tmp together
  int processes = 32;                           // threads count
  int descriptors = 256;                        // of each process
  std::size_t output_bytes = 64 << 10;          // kept of each output: the last of it
  std::size_t result_bytes = 100 << 10;         // kept of what it writes to descriptor 3: one more, if it is more
  std::chrono::seconds cpu{600};                // of each process
};

enum class State { absent, starting, running, exited };

struct Status {
  State state = State::absent;
  pid_t supervisor_pid = 0;        // 0 where not running
  pid_t pid = 0;                   // the program's
  base::Time started_at;           // meaningless where absent
  std::optional<int> exit_code;    // where it exited by itself
  std::optional<int> exit_signal;  // where a signal ended it
  std::string failure;             // why the program could not be started, such as "/usr/sbin/slurmd: No such file"
  std::string run_id;              // new at every start; names this run
};

class Supervisors {
 public:
  // `program`: path of the slipway binary; /proc/self/exe stays right when the file is replaced by an upgrade.
  // `account`: see Account. All functions but status() are called on the I/O thread.
  Supervisors(net::Runtime& runtime, std::filesystem::path program, std::optional<Account> account);
  ~Supervisors();

  // Starts `spec` under a supervisor in `folder` (made by the account if missing, 0700), or adopts what runs there,
  // whatever its spec. What ended there before is forgotten; what is ending is waited for. Two callers at once, in one
  // broker or in two, get one process. Returns when the program is running: execve succeeded (a short one may have
  // exited again). Idempotent. `before_go`, where given, is awaited when all is prepared and nothing executed; its
  // error calls the start off and is returned. Not called where a program is adopted. Errors: not_found (program
  // missing), invalid (no absolute path, no such working directory), forbidden, unavailable (no processes, disk full,
  // supervisor killed), with the supervisor's own words. Cancelled before it goes: nothing is executed.
  using BeforeGo = std::function<net::Task<void>()>;
  net::Task<Status> start(std::filesystem::path folder, Spec spec, BeforeGo before_go = {});

  // Looks; changes nothing. Never blocks for long; on any thread. `running` until the last descendant is gone;
  // `absent` with a failure where the folder cannot be read.
  Status status(const std::filesystem::path& folder) const;

  // What was asked for in `folder` last, as start() takes it: to start it once more. A job can write it, and gains
  // nothing: it runs as the account that the job runs as. Errors: not_found; internal where nothing can be read out of
  // it. Does not block for long.
  base::Result<Spec> spec(const std::filesystem::path& folder) const;

  // Ends the process and every descendant, `setsid` ones included, and returns when none is left: SIGTERM to the
  // program, the spec's grace, then SIGKILL. What the program leaves when it ends is asked with SIGTERM too and has the
  // rest of the grace. Where the supervisor was killed, sweeps. Nothing there: success. Idempotent. Errors: unavailable
  // where something could not be ended.
  net::Task<Status> stop(std::filesystem::path folder);

  // Returns when the process in `folder` has ended (at once if it does not run), with how; or with a newer run where
  // somebody started one at that moment. May be cancelled.
  net::Task<Status> wait(std::filesystem::path folder);

  // Ends every process (of the environments' account) that has `folder` or something below it as working directory, in
  // its command line or in its environment, whether or not a supervisor knows it: for leftovers after a supervisor was
  // killed. Gives how many it ended. Never touches this process or its ancestors.
  net::Task<int> sweep(std::filesystem::path folder);

  // Runs a short command to its end as the environments' account and gives its exit code and both outputs (each cut at
  // 1 MiB). Ends it with all descendants at `timeout` (timed_out) or on cancellation, and if the broker dies. What it
  // leaves running when it exits is killed. The spec's log and grace are not used; its directory is / by default.
  // Errors of the start as with start().
  struct Output {
    int exit_code = 0;  // 128 + signal where a signal ended it
    std::string out;
    std::string err;
  };
  net::Task<Output> run(Spec spec, std::chrono::milliseconds timeout);

  // The same in a sandbox, where the spec's directory plays no part and the outputs are cut at their beginning. Errors
  // besides: unavailable, code NoNamespaces, where the kernel does not offer what that takes; timed_out with the last
  // lines as evidence.
  struct ConfinedOutput {
    Output output;
    std::string result;
  };
  net::Task<ConfinedOutput> run_confined(Spec spec, Sandbox sandbox, std::chrono::milliseconds timeout);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// main() of `slipway supervise FOLDER`, also of run() and sweep() (FOLDER is - then). To be called before anything else
// in the program: no thread, no file, no other output. Gives the exit code.
int supervise(const std::filesystem::path& folder);

}  // namespace slipway::process
