#include "tool/types_test/test_broker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/footprint.h"
#include "cli/subprocess.h"
#include "cli/text_file.h"
#include "server/privileges.h"

namespace slipway::tool {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kStartLimit{60};  // also under sanitizers and beside other work
constexpr std::chrono::seconds kStopLimit{60};
constexpr int kRoundsOfKilling = 100;
constexpr std::size_t kLastLines = 20;

}  // namespace

TestBroker::~TestBroker() {
  if (pid_ != 0 && !ended()) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  // What a failed test left would trouble whoever ran it. A process may begin another meanwhile.
  for (int round = 0; round < kRoundsOfKilling; ++round) {
    const auto left = cli::footprint(place_.folder).processes;
    if (left.empty()) break;
    for (const auto& process : left) ::kill(process.pid, SIGKILL);
    ::usleep(10'000);
  }
  std::error_code ignored;
  fs::remove_all(place_.folder, ignored);
}

// Environments share what takes long to make in a hidden folder beside theirs; it holds nothing of any of them.
base::Result<void> TestBroker::share() const {
  const auto link = environments() / ".venvs";
  std::error_code failed;
  if (place_.shared.empty() || fs::exists(link, failed)) return {};
  fs::create_directories(environments(), failed);
  if (!failed) fs::create_directories(place_.shared, failed);
  if (!failed) fs::create_directory_symlink(place_.shared, link, failed);
  if (failed) return base::from_errno("making " + link.native(), failed.value());
  const auto account = server::environments_account();
  if (!account) return {};
  for (const auto& path : {environments(), place_.shared, link}) {
    if (::lchown(path.c_str(), account->uid, account->gid) != 0)
      return base::from_errno("handing over " + path.native());
  }
  return {};
}

base::Result<void> TestBroker::make_folders() const {
  std::error_code failed;
  fs::create_directories(place_.folder, failed);
  // The broker and its environments may be two accounts; sockets are made by the second.
  if (!failed) fs::create_directory(sockets(), failed);
  if (failed) return base::from_errno("making " + place_.folder.native(), failed.value());
  if (::chmod(place_.folder.c_str(), 0755) == 0 && ::chmod(sockets().c_str(), 01777) == 0) return {};
  return base::from_errno("changing the mode of " + place_.folder.native());
}

base::Result<bool> TestBroker::start(const std::vector<std::string>& more) {
  TRY(make_folders());
  TRY(share());
  client_.reset();
  killed_ = false;
  std::error_code failed;
  fs::remove(data() / "endpoint", failed);  // of a life before
  cli::Subprocess serve{.command = {fs::read_symlink("/proc/self/exe", failed), "serve", "--data-dir", data(),
                                    "--listen", "127.0.0.1:0", "--types-dir", place_.types_dir},
                        .variables = {{"SLIPWAY_LOCAL_ENVIRONMENTS_DIR", environments()},
                                      {"SLIPWAY_LOCAL_SHORT_DIR", sockets()},
                                      {"SLIPWAY_LOCAL_FIRST_PORT", std::to_string(place_.first_port)},
                                      {"SLIPWAY_LOCAL_LAST_PORT", std::to_string(place_.last_port)},
                                      {"SLIPWAY_LOG_DIRECTORY", ""}}};
  serve.command.insert(serve.command.end(), more.begin(), more.end());
  const int words = ::open((place_.folder / "log").c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600);
  if (words < 0) return base::from_errno("writing into " + place_.folder.native());
  auto pid = cli::start(serve, words, words, true);
  ::close(words);
  pid_ = TRY(std::move(pid));
  const auto until = steady_clock::now() + kStartLimit;
  while (steady_clock::now() < until) {
    if (!context_.pause(milliseconds(10))) return cli::interrupted();
    if (ended()) {
      if (killed_) return false;
      return last_words();
    }
    if (!fs::exists(data() / "endpoint", failed)) continue;
    client_.emplace(TRY(connect()));
    return true;
  }
  return base::timed_out(fmt::format("The broker of the test did not answer within {} s.", kStartLimit.count()));
}

base::Result<cli::Client> TestBroker::connect() const {
  cli::Context own = context_;
  own.variables = [inherited = context_.variables](const std::string& name) {
    return name.starts_with("AWS_") ? std::nullopt : inherited(name);
  };
  cli::Settings settings;
  settings.data_dir = data();
  settings.region = "local";
  return own.connect(settings);
}

bool TestBroker::ended() {
  if (pid_ == 0) return true;
  if (::waitpid(pid_, &status_, WNOHANG) != pid_) return false;
  pid_ = 0;
  killed_ = WIFSIGNALED(status_) && WTERMSIG(status_) == SIGKILL;
  return true;
}

base::Result<void> TestBroker::stop() {
  if (!ended()) ::kill(pid_, SIGTERM);
  const auto until = steady_clock::now() + kStopLimit;
  while (!ended()) {
    if (steady_clock::now() > until) ::kill(pid_, SIGKILL);
    ::usleep(5'000);
  }
  if (WIFEXITED(status_) && WEXITSTATUS(status_) == 0) return {};
  return last_words();
}

base::Error TestBroker::last_words() const {
  const auto how = WIFSIGNALED(status_) ? fmt::format("by signal {}", WTERMSIG(status_))
                                        : fmt::format("with code {}", WEXITSTATUS(status_));
  auto error = base::internal(fmt::format("The broker of the test ended {}; its last words:", how));
  const auto text = cli::read_text_file(place_.folder / "log").value_or("");
  const auto lines = base::split(base::trim(text), '\n');
  for (std::size_t at = lines.size() > kLastLines ? lines.size() - kLastLines : 0; at < lines.size(); ++at) {
    error.evidence.emplace_back(lines[at]);
  }
  return error;
}

}  // namespace slipway::tool
