#include "cli/demo_broker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <optional>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/footprint.h"
#include "cli/interrupts.h"
#include "cli/subprocess.h"
#include "cli/text_file.h"

namespace slipway::cli {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStartLimit{20'000};
constexpr milliseconds kStopLimit{30'000};

int port_of(const std::string& listen) {
  auto digits = listen.substr(listen.rfind(':') + 1);
  int port = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return port;
}

base::Result<void> check_port_free(const std::string& listen) {
  auto holder = listener_on(port_of(listen));
  if (!holder) return {};
  std::string who =
      holder->pid ? fmt::format("process {} ({})", holder->pid, holder->name) : "another account's process";
  return base::conflict(
      fmt::format("Port {} is taken by {}. Stop it, or let the system choose a port: slipway demo "
                  "--listen 127.0.0.1:0.",
                  port_of(listen), who));
}

}  // namespace

DemoBroker::DemoBroker(const Context& context, std::filesystem::path data_dir, std::string listen, bool keep)
    : context_(context), data_dir_(std::move(data_dir)), listen_(std::move(listen)), keep_(keep) {}

DemoBroker::~DemoBroker() {
  if (!keep_) stop();
}

base::Result<Client> DemoBroker::connect() const {
  Context own = context_;
  own.variables = [inherited = context_.variables](const std::string& name) {
    return name.starts_with("AWS_") ? std::nullopt : inherited(name);
  };
  Settings settings;
  settings.data_dir = data_dir_;
  settings.region = "local";
  return own.connect(settings);
}

base::Result<void> DemoBroker::ensure() {
  auto answers = [this]() -> base::Result<Answer> {
    auto client = TRY(connect());
    return client.send({.method = "GET", .path = "/health"});
  };
  auto running = answers();
  if (running) return {};
  // What a stopped broker leaves behind is no hindrance; somebody else's data folder is.
  if (running.error().kind == base::ErrorKind::forbidden) return std::move(running).error();
  TRY(check_port_free(listen_));
  TRY(launch());
  return wait_until_it_answers();
}

base::Result<void> DemoBroker::launch() {
  char words[] = "/tmp/slipway-demo-XXXXXX";
  int descriptor = ::mkostemp(words, O_CLOEXEC | O_APPEND);
  if (descriptor < 0) return base::from_errno("Making a file in /tmp");
  first_words_ = words;
  std::error_code ignored;
  Subprocess serve{.command = {std::filesystem::read_symlink("/proc/self/exe", ignored), "serve", "--data-dir",
                               data_dir_, "--listen", listen_},
                   .variables = {{"SLIPWAY_LOG_DIRECTORY", log()}}};
  auto pid = cli::start(serve, descriptor, descriptor, !keep_);
  ::close(descriptor);
  if (!pid) return std::move(pid).error();
  pid_ = *pid;
  return {};
}

std::string DemoBroker::log() const {
  return context_.variables("SLIPWAY_LOG_DIRECTORY").value_or(data_dir_ / "log");
}

base::Result<void> DemoBroker::wait_until_it_answers() {
  auto until = std::chrono::steady_clock::now() + kStartLimit;
  while (std::chrono::steady_clock::now() < until) {
    if (!context_.pause(milliseconds(20))) return interrupted();
    if (ended()) return last_words();
    // A file of an earlier broker may stand there still: what counts is that somebody answers.
    auto client = connect();
    if (!client || !client->send({.method = "GET", .path = "/health"})) continue;
    ::unlink(first_words_.c_str());
    return {};
  }
  return base::timed_out(
      fmt::format("The broker did not answer within {} s; its log is in {}.", kStartLimit.count() / 1000, log()));
}

bool DemoBroker::ended() {
  if (pid_ == 0 || ::waitpid(pid_, nullptr, WNOHANG) != pid_) return false;
  pid_ = 0;
  return true;
}

base::Error DemoBroker::last_words() const {
  auto error = base::unavailable("The broker ended at once; its last words:");
  auto text = read_text_file(first_words_).value_or("");
  ::unlink(first_words_.c_str());
  auto lines = base::split(base::trim(text), '\n');
  for (std::size_t at = lines.size() > 10 ? lines.size() - 10 : 0; at < lines.size(); ++at) {
    error.evidence.emplace_back(lines[at]);
  }
  return error;
}

void DemoBroker::stop() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGTERM);
  auto until = std::chrono::steady_clock::now() + kStopLimit;
  while (!ended()) {
    if (std::chrono::steady_clock::now() > until) ::kill(pid_, SIGKILL);
    ::usleep(10'000);
  }
  ::unlink(first_words_.c_str());
}

}  // namespace slipway::cli
