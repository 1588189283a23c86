#pragma once
// What the tests of this folder share: a place of its own for each test, programs that are shell scripts, waits on
// files and processes (never on time), and a broker to be killed. For tests only; main() is in support_test.cc.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "net/runtime.h"
#include "process/fd.h"
#include "process/proc.h"
#include "process/supervisor.h"

namespace slipway::process {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

// A process that no supervisor knows. Killed and buried at its end.
class Foreign {
 public:
  Foreign(std::vector<std::string> command, const std::filesystem::path& directory = "/",
          std::map<std::string, std::string> environment = {});
  ~Foreign();
  pid_t pid() const { return pid_; }
  bool alive() const;
  void kill();
  // True where it ended by itself before that time. Buries it then.
  bool ends_within(std::chrono::microseconds time);

 private:
  pid_t pid_ = 0;
  Fd pidfd_;
};

// This test program in another role: see main().
std::vector<std::string> this_program(std::vector<std::string> arguments);

std::string read_text(const std::filesystem::path& path);
void write_text(const std::filesystem::path& path, const std::string& text);
// Returns when `path` exists and is not empty.
void wait_for_file(const std::filesystem::path& path);
// Returns when `pid` is no more (a zombie is no more either).
void wait_for_end(pid_t pid);
bool alive(pid_t pid);
// Returns when `pid` has become the program `name`.
void wait_until(pid_t pid, const std::string& name);

struct ProcessTest : testing::Test {
  ProcessTest();
  ~ProcessTest() override;

  // `script` for /bin/sh, which finds the test's place in $PLACE and works in the process's folder.
  Spec shell(const std::string& script) const;

  base::Result<Status> start(const Spec& spec) {
    return net::run_to_end(runtime, [&] { return supervisors.start(folder, spec); });
  }
  base::Result<Status> stop() {
    return net::run_to_end(runtime, [&] { return supervisors.stop(folder); });
  }
  base::Result<Status> wait() {
    return net::run_to_end(runtime, [&] { return supervisors.wait(folder); });
  }
  base::Result<int> sweep(const std::filesystem::path& below) {
    return net::run_to_end(runtime, [&] { return supervisors.sweep(below); });
  }
  base::Result<Supervisors::Output> run(const Spec& spec, std::chrono::milliseconds timeout = 60s) {
    return net::run_to_end(runtime, [&] { return supervisors.run(spec, timeout); });
  }

  // Runs `work`, which blocks, beside the loop.
  boost::asio::awaitable<void> aside(std::function<void()> work);

  std::filesystem::path place;
  std::filesystem::path folder;
  net::Runtime runtime;
  Supervisors supervisors{runtime, "/proc/self/exe", std::nullopt};
};

}  // namespace slipway::process
