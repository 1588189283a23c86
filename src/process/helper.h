#pragma once
// The broker's end of one supervisor process: starts it, hears its reports. For Supervisors.

#include <filesystem>

#include "net/runtime.h"
#include "net/task.h"
#include "process/fd.h"
#include "process/message.h"

namespace slipway::process {

class Helper {
 public:
  // Starts `program` as a supervisor with `request`. Blocks until it is executed, a millisecond or so; any thread.
  static base::Result<Helper> spawn(const std::filesystem::path& program, const Request& request);

  // Waits for the next report; one of Report::What::failed becomes its error. Errors besides: unavailable where it
  // ended without a word.
  net::Task<Report> report(net::Runtime& runtime) const;
  // Lets a prepared start execute its program.
  void go() const;
  // From here on it is on its own: a start that was not let go ends, a run ends with all its descendants.
  void leave() { control_.reset(); }

  const Fd& pidfd() const { return pidfd_; }
  const Fd& control() const { return control_; }
  const Fd& out() const { return out_; }  // of Mode::run: read ends, non-blocking
  const Fd& err() const { return err_; }
  const Fd& result() const { return result_; }  // with a sandbox

 private:
  Fd pidfd_;
  Fd control_;
  Fd out_;
  Fd err_;
  Fd result_;
};

}  // namespace slipway::process
