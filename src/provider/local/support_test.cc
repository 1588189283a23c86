#include <fmt/format.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "base/text.h"
#include "process/account.h"
#include "provider/local/slurm/daemons.h"
#include "provider/local/test_support.h"
#include "storage/sqlite/database.h"

namespace slipway::provider::local {

namespace fs = std::filesystem;
namespace json = boost::json;
using std::chrono::milliseconds;

namespace {

Account other_account() {
  if (::geteuid() != 0) return std::nullopt;
  const auto* nobody = ::getpwnam("nobody");
  return process::Account{.name = "nobody", .uid = nobody->pw_uid, .gid = nobody->pw_gid, .home = "/nonexistent"};
}

// Tests run side by side, each in a process and with a store of its own.
broker::PortRange own_range() {
  constexpr int kPorts = 16;
  const auto first = static_cast<std::uint16_t>(10000 + (::getpid() % 600) * kPorts);
  return {.first = first, .last = static_cast<std::uint16_t>(first + kPorts - 1)};
}

base::EnvironmentId new_id() {
  return base::EnvironmentId("env-" + base::new_uuid(base::system_clock().now().time_since_epoch().count()));
}

}  // namespace

json::object configuration(int least, int most, int idle_minutes) {
  const json::object resource{
      {"Name", "c5large"}, {"InstanceType", "c5.large"}, {"MinCount", least}, {"MaxCount", most}};
  const json::object queue{{"Name", "queue1"}, {"ComputeResources", json::array{resource}}};
  return {{"HeadNode", {{"InstanceType", "t3.micro"}}},
          {"Scheduling",
           {{"Scheduler", "slurm"},
            {"SlurmSettings", {{"ScaledownIdletime", idle_minutes}}},
            {"SlurmQueues", json::array{queue}}}}};
}

json::object instance_types() {
  return {{"t3.micro", {{"vcpus", 2}, {"memory_mib", 1024}, {"architecture", "x86_64"}}},
          {"c5.large", {{"vcpus", 2}, {"memory_mib", 4096}, {"architecture", "x86_64"}}}};
}

slurm::InstanceTypes read_types() {
  return slurm::read_instance_types(instance_types()).value();
}

MachineTest::MachineTest() : account(other_account()) {
  std::string name = "/tmp/slipway-local-XXXXXX";
  place = ::mkdtemp(name.data());
  fs::permissions(place, fs::perms(0755));
  settings.environments_dir = place / "env";
  settings.ports = own_range();
  process::make_folder(settings.environments_dir, account).value();
  fs::create_directory(place / "data");
  fs::permissions(place / "data", fs::perms(0700));
  environment.id = new_id();
  environment.name = "first";
  environment.type = "parallelcluster";
  environment.region = "local";
  supervisors = std::make_unique<process::Supervisors>(runtime, "/proc/self/exe", account);
  database = storage::sqlite::open_database(runtime, place / "data").value();
  run([&] {
    return database->write([this](storage::Connection& connection) -> base::Result<void> {
      TRY(connection.execute(
          "INSERT INTO environment (id, name, type, region, owner, status, rolled_back, "
          "rolling_back, failure_code, failure_reason, parameters, tags, "
          "request_document, outputs, fleet, fleet_updated_at, created_at, updated_at, correlation_id, version) "
          "VALUES (?, 'first', 'parallelcluster', 'local', '', 'pending', 0, "
          "0, '', '', '{}', '{}', '', '{}', 'running', 0, 0, 0, '', 0)",
          {std::string_view(environment.id.str())}));
      return {};
    });
  }).value();
  ports = std::make_unique<broker::Ports>(*database, base::system_clock(), settings.ports);
  resources = std::make_unique<broker::Resources>(*database, base::system_clock());
  open();
}

MachineTest::~MachineTest() {
  EXPECT_TRUE(terminate());
  EXPECT_TRUE(processes().empty()) << fmt::format("{}", fmt::join(processes(), " "));
  close();
  database->stop();
  std::error_code ignored;
  fs::remove_all(place, ignored);
}

void MachineTest::open() {
  provider = std::make_unique<LocalProvider>(runtime, *supervisors, *ports, *resources, settings, account, "this");
  actions = std::make_unique<workflow::ActionRegistry>();
  provider->add_actions(*actions);
  provider->use_tables(tables);
  provider->report_to(&heard);
}

void MachineTest::close() {
  net::run_to_end(runtime, std::function<boost::asio::awaitable<void>()>([this] { return provider->stop(); }));
  actions.reset();
  provider.reset();
}

void MachineTest::restart() {
  close();
  open();
}

bool MachineTest::until(std::function<bool()> holds) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  bool held = holds();
  net::run_to_end(runtime, std::function<boost::asio::awaitable<void>()>([&]() -> boost::asio::awaitable<void> {
                    for (; !held && std::chrono::steady_clock::now() < limit; held = holds()) {
                      co_await net::sleep_for(runtime, milliseconds(20));
                    }
                  }));
  return held;
}

base::Result<json::object> MachineTest::act(const std::string& action, json::object inputs) {
  workflow::StepContext context;
  context.environment_id = environment.id;
  context.environment_name = environment.name;
  context.step = action;
  context.deadline = base::system_clock().now() + std::chrono::seconds(30);
  return run([&] { return actions->find(action)->run(context, inputs); });
}

base::Result<void> MachineTest::launch(json::object given) {
  TRY(act("local:slurmPrepare", {{"Configuration", std::move(given)}}));
  TRY(act("local:slurmStart"));
  TRY(act("local:slurmStartNodes"));
  TRY(act("local:slurmWaitNodes"));
  return {};
}

base::Result<void> MachineTest::terminate() {
  TRY(act("local:slurmStop"));
  TRY(act("local:slurmRemove"));
  return {};
}

std::string MachineTest::slurm(std::vector<std::string> command) {
  command.front() = "/usr/bin/" + command.front();
  process::Spec spec{
      .command = std::move(command), .environment = slurm::daemon_environment(paths()), .directory = "/tmp"};
  const auto ran = run([&] { return supervisors->run(spec, std::chrono::seconds(60)); });
  return ran ? ran->out + ran->err : ran.error().describe();
}

std::vector<pid_t> MachineTest::processes() const {
  std::vector<pid_t> pids;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();  // an iterator would throw where the process ends meanwhile
    const auto words = text.str();
    const bool named = words.find(paths().directory.native()) != std::string::npos ||
                       words.find(paths().sockets.native()) != std::string::npos;
    if (named) pids.push_back(static_cast<pid_t>(std::stoi(entry.path().filename())));
  }
  return pids;
}

pid_t MachineTest::pid_of(const std::string& daemon) const {
  return supervisors->status(paths().process(daemon)).pid;
}

}  // namespace slipway::provider::local

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (argc == 3 && words[1] == "supervise") return slipway::process::supervise(words[2]);
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
