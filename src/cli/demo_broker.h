#pragma once
// The broker of the demo: one that runs already, or one started for it and stopped again.

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "base/result.h"
#include "cli/context.h"

namespace slipway::cli {

class DemoBroker {
 public:
  // `data_dir`: the broker's; `listen`: where a new one listens; `keep`: it outlives us, unless stop() is called.
  DemoBroker(const Context& context, std::filesystem::path data_dir, std::string listen, bool keep);
  // Stops a broker that it started, unless it is to be kept.
  ~DemoBroker();
  DemoBroker(const DemoBroker&) = delete;
  DemoBroker& operator=(const DemoBroker&) = delete;

  // Returns when the broker answers. Errors: conflict (the port is taken, by whom and what to do), unavailable (it
  // ended at once; its last words are the evidence).
  base::Result<void> ensure();
  // SIGTERM, and SIGKILL where that does not suffice within 30 s. Nothing to stop: nothing happens.
  void stop();
  bool started() const { return pid_ != 0; }
  pid_t pid() const { return pid_; }
  std::string log() const;  // folder of its log
  // Signed by the data folder's own key, whatever the environment says about AWS.
  base::Result<Client> connect() const;

 private:
  base::Result<void> launch();
  base::Result<void> wait_until_it_answers();
  bool ended();
  base::Error last_words() const;

  const Context& context_;
  std::filesystem::path data_dir_;
  std::string listen_;
  bool keep_;
  pid_t pid_ = 0;
  std::string first_words_;  // file: what it says on its streams, above all why it cannot start
};

}  // namespace slipway::cli
