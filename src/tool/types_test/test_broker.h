#pragma once
// A broker of a test's own: its data, environments and sockets in one short folder, its ports in a range of its own. It
// may be killed, also by itself at a crash point, and is started again on the same folder.

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/context.h"

namespace slipway::tool {

class TestBroker {
 public:
  struct Place {
    std::filesystem::path folder;     // made; unique on this machine, at most 20 characters
    std::filesystem::path types_dir;  // of the environment types
    // What environments share (Python environments). The first broker of a test, which runs alone, makes it; two that
    // make the same at once would remove each other's.
    std::filesystem::path shared;
    int first_port = 0;  // of environments
    int last_port = 0;
  };

  TestBroker(const cli::Context& context, Place place) : context_(context), place_(std::move(place)) {}
  // Kills the broker and whatever else lives in the folder, and removes it.
  ~TestBroker();
  TestBroker(const TestBroker&) = delete;

  // Starts `slipway serve` with `more` options and returns when it answers: true; or false where a crash point ended it
  // before. Errors: unavailable (it ended otherwise; its last words are the evidence), timed_out.
  base::Result<bool> start(const std::vector<std::string>& more = {});
  // True where it runs no more; then killed() says how it ended.
  bool ended();
  bool killed() const { return killed_; }
  // SIGTERM, and SIGKILL where that does not suffice. Errors: internal where it did not end well.
  base::Result<void> stop();
  base::Error last_words() const;

  const cli::Client& client() const { return *client_; }
  const Place& place() const { return place_; }
  std::filesystem::path data() const { return place_.folder / "data"; }
  std::filesystem::path environments() const { return place_.folder / "env"; }
  std::filesystem::path sockets() const { return place_.folder / "s"; }

 private:
  base::Result<void> make_folders() const;
  base::Result<void> share() const;
  base::Result<cli::Client> connect() const;

  const cli::Context& context_;
  const Place place_;
  pid_t pid_ = 0;
  bool killed_ = false;
  int status_ = 0;
  std::optional<cli::Client> client_;
};

}  // namespace slipway::tool
