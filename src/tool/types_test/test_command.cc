// `slipway types test NAME`.

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <cmath>
#include <memory>
#include <ostream>
#include <thread>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/footprint.h"
#include "cli/interrupts.h"
#include "cli/output.h"
#include "cli/table.h"
#include "server/settings.h"
#include "tool/commands.h"
#include "tool/types.h"
#include "tool/types_test/crash_matrix.h"
#include "tool/types_test/life.h"

namespace slipway::tool {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

// A range of ports for each broker of this process, apart from the one that brokers use by default and from those that
// the system hands out; other tests on this machine are likely to have other ones, and other programs listen in none.
constexpr int kFirstPort = 10'000;
constexpr int kPortsOfBroker = 100;
constexpr int kMostAtOnce = 4;
constexpr int kProcesses = 24;

struct Options {
  cli::Settings settings;
  std::string name;
  std::string types_dir;
  bool crash = false;
  int points = 0;
  std::string only;
  int seed = 1;
  int at_once = 0;
  int timeout_seconds = 120;
};

// A short folder of our own below /tmp: paths of sockets have 107 characters at most.
class TestFolder {
 public:
  static base::Result<TestFolder> make() {
    char name[] = "/tmp/sw-XXXXXX";
    if (::mkdtemp(name) == nullptr) return base::from_errno("Making a folder in /tmp");
    // Brokers and environments may be other accounts.
    if (::chmod(name, 0755) != 0) return base::from_errno("Changing the mode of a folder in /tmp");
    return TestFolder(name);
  }
  TestFolder(TestFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ~TestFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  // `number`: of the broker; all of one width, so that no folder's name begins another's.
  TestBroker::Place place(int number, int slot, const fs::path& types_dir) const {
    const auto listened = cli::listened_ports();
    int first = 0;
    const auto taken = [&](int port) { return port >= first && port < first + kPortsOfBroker; };
    for (int i = 0; i < kProcesses; ++i) {
      first = kFirstPort + ((::getpid() + i) % kProcesses * kMostAtOnce + slot) * kPortsOfBroker;
      if (std::ranges::none_of(listened, taken)) break;
    }
    return {.folder = path_ / fmt::format("{:03}", number),
            .types_dir = types_dir,
            .shared = path_ / "shared",
            .first_port = first,
            .last_port = first + kPortsOfBroker - 1};
  }

 private:
  explicit TestFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

fs::path types_dir_of(const Options& options) {
  if (!options.types_dir.empty()) return fs::absolute(options.types_dir);
  std::error_code ignored;
  return server::default_types_dir(fs::read_symlink("/proc/self/exe", ignored));
}

base::Result<cli::ExitCode> show_life(const cli::Context& context, const Options& options,
                                      const std::vector<LifeStep>& steps) {
  cli::Table table({"STEP", "RESULT", "SECONDS", "FOUND"});
  json::array listed;
  bool right = true;
  for (const auto& step : steps) {
    const bool done = step.result == "ok" || step.result == "failed";
    table.add({step.name, step.result, done ? fmt::format("{:.1f}", step.seconds) : "", step.found});
    json::object one{{"step", step.name},
                     {"result", step.result},
                     {"seconds", std::round(step.seconds * 10) / 10},
                     {"found", step.found}};
    if (!step.lines.empty()) one["lines"] = json::array(step.lines.begin(), step.lines.end());
    listed.push_back(std::move(one));
    right = right && step.result != "failed";
  }
  context.show({.data = json::object{{"type", options.name}, {"right", right}, {"steps", std::move(listed)}},
                .table = table.text(),
                .names = {options.name}},
               options.settings);
  return right ? cli::ExitCode::ok : cli::ExitCode::environment_failed;
}

// With a broker of our own, whose folder and ports must be empty afterwards.
base::Result<cli::ExitCode> test_here(const cli::Context& context, const Options& options, const TestedType& type) {
  const auto folder = TRY(TestFolder::make());
  TestBroker broker(context, folder.place(1, 0, types_dir_of(options)));
  TRY(broker.start());
  Life life(context, broker.client(), type, "test", std::chrono::seconds(options.timeout_seconds));
  const auto steps = TRY(life.run([&]() -> base::Result<std::vector<std::string>> {
    TRY(broker.stop());
    return orphans(broker);
  }));
  return show_life(context, options, steps);
}

// Somebody's broker launches its own version, whatever the folder holds.
base::Result<void> check_same(const cli::Client& client, const fs::path& folder) {
  const auto files = TRY(folder_files(folder));
  const auto type =
      TRY(client.call({.method = "GET", .path = "/slipway/v1/types/" + base::percent_encode(files.name)}));
  if (cli::text_at(type, "/sha256") == files.sha256()) return {};
  return base::conflict(
      fmt::format("The broker's version {} of {} is not the folder {}: `slipway types push {}` first, or leave --url "
                  "out.",
                  cli::text_at(type, "/version"), files.name, folder.native(), folder.native()));
}

// With somebody's broker: what was the environment's on this machine must be gone, if it was on this machine.
base::Result<cli::ExitCode> test_there(const cli::Context& context, const Options& options, const TestedType& type) {
  const auto client = TRY(context.connect(options.settings));
  TRY(check_same(client, types_dir_of(options) / type.name));
  Life life(context, client, type, fmt::format("types-test-{}", ::getpid()),
            std::chrono::seconds(options.timeout_seconds));
  const auto steps = TRY(life.run([&]() -> base::Result<std::vector<std::string>> {
    const auto directory = TRY(life.environment().directory(client));
    std::vector<std::string> left;
    for (const auto& process : cli::footprint(directory).processes) {
      left.push_back(fmt::format("process {} {}", process.pid, process.name));
    }
    std::error_code failed;
    if (!directory.empty() && fs::exists(directory, failed)) left.push_back(directory);
    return left;
  }));
  return show_life(context, options, steps);
}

base::Result<cli::ExitCode> test_crashes(const cli::Context& context, const Options& options, const TestedType& type) {
  const auto folder = TRY(TestFolder::make());
  const auto types_dir = types_dir_of(options);
  const int processors = static_cast<int>(std::thread::hardware_concurrency());
  const auto matrix =
      TRY(make_crash_matrix(context, type,
                            {.points = options.points,
                             .only = options.only,
                             .seed = static_cast<std::uint64_t>(options.seed),
                             .at_once = options.at_once > 0 ? options.at_once : std::clamp(processors, 1, kMostAtOnce),
                             .limit = std::chrono::seconds(options.timeout_seconds)},
                            [&](int number, int slot) { return folder.place(number, slot, types_dir); }));
  context.show({.data = to_json(matrix), .table = to_text(matrix), .names = {matrix.type}}, options.settings);
  return matrix.right() + matrix.not_passed() == matrix.rows.size() ? cli::ExitCode::ok
                                                                    : cli::ExitCode::environment_failed;
}

base::Result<cli::ExitCode> test(const cli::Context& context, const Options& options) {
  cli::catch_interrupts();
  cli::ignore_closed_pipes();
  const auto type = TRY(read_tested_type(types_dir_of(options), options.name));
  if (!options.crash) {
    return options.settings.url.empty() ? test_here(context, options, type) : test_there(context, options, type);
  }
  if (options.settings.url.empty()) return test_crashes(context, options, type);
  return cli::wrong_line("--crash kills brokers of its own only: leave --url out.");
}

}  // namespace

void add_types_test(cli::Command& types, const cli::Context& context) {
  auto options = std::make_shared<Options>();
  auto command = types.add("test", "Launch an environment of a type for real and check its whole life");
  command.argument("NAME", options->name, "The type, a folder of --types-dir");
  command.option("--types-dir", options->types_dir, "Folder of the environment types",
                 {.placeholder = "DIR", .completes = cli::Completes::folders});
  command.flag("--crash", options->crash, "Kill the broker at every commit and call point in turn");
  command.option("--points", options->points, 0, 10'000, "How many crash points to try; default 0: all",
                 {.placeholder = "N"});
  command.option("--only", options->only, "Only crash points whose name contains this");
  command.option("--seed", options->seed, 0, 1'000'000'000, "Which ones, and where brokers are killed twice; default 1",
                 {.placeholder = "N"});
  command.option("--at-once", options->at_once, 0, kMostAtOnce, "Brokers at a time; default 0: as many as processors",
                 {.placeholder = "N"});
  command.option("--timeout", options->timeout_seconds, 1, 86'400,
                 "For each of launch, stop, start and terminate; default 120", {.placeholder = "SECONDS"});
  cli::add_settings(command, options->settings, "a broker of its own");
  command.footer(
      "Without --url it starts a broker of its own in a temporary folder and leaves nothing of it. What is launched\n"
      "stands in the type's type.yaml under `test`.");
  command.run([&context, options] { return test(context, *options); });
}

}  // namespace slipway::tool
