#pragma once
// A small world for tests: the real broker, engine and SQLite store, the type folders of this repository, and actions
// and a provider that do what the test tells them. Used by tests of this folder and of the surfaces, and by nothing
// else.

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "broker/environments.h"
#include "broker/types.h"
#include "net/runtime.h"
#include "storage/audit.h"
#include "storage/sqlite/database.h"

namespace slipway::broker::test_world {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    auto name = (std::filesystem::temp_directory_path() / "slipway-broker-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path path;
};

// Types that a test writes.
class TypeFolder {
 public:
  void write(const std::string& type, const std::string& file, std::string_view text) const {
    std::filesystem::create_directories(path() / type);
    std::ofstream(path() / type / file) << text;
  }
  const std::filesystem::path& path() const { return folder_.path; }

 private:
  TemporaryFolder folder_;
};

class ManualClock final : public base::Clock {
 public:
  base::Time now() const override { return time; }
  base::Time time{std::chrono::milliseconds(1'700'000'000'000)};
};

// An action that a test can make fail, or hold until it lets go.
class ScriptedAction final : public workflow::PlainAction {
 public:
  struct Script {
    std::optional<base::Error> failure;
    bool held = false;  // waits for release(), or for its cancellation
    int runs = 0;
    boost::json::object inputs;  // of the last run
    boost::json::object outputs;
  };

  ScriptedAction(net::Runtime& runtime, Script& script, Inputs inputs, std::vector<std::string_view> outputs)
      : runtime_(runtime), script_(script), inputs_(std::move(inputs)), outputs_(std::move(outputs)) {}

  workflow::EffectClass effect_class(const boost::json::object&) const override { return workflow::EffectClass::name; }
  Inputs inputs() const override { return inputs_; }
  std::vector<std::string_view> outputs() const override { return outputs_; }

  net::Task<boost::json::object> run(workflow::StepContext, boost::json::object inputs) override {
    ++script_.runs;
    script_.inputs = std::move(inputs);
    while (script_.held) co_await net::sleep_for(runtime_, std::chrono::milliseconds(1));
    if (script_.failure) co_return *script_.failure;
    co_return script_.outputs;
  }

 private:
  net::Runtime& runtime_;
  Script& script_;
  Inputs inputs_;
  std::vector<std::string_view> outputs_;
};

// Serves `local` and, for documents written for AWS, `us-east-1`. What is wanted of a fleet is there at once.
class FakeProvider final : public Provider {
 public:
  explicit FakeProvider(net::Runtime& runtime) : runtime_(runtime) {}
  std::string_view name() const override { return "local"; }
  bool serves(std::string_view region) const override { return region == "local" || region == "us-east-1"; }

  base::Result<void> check(const Environment& wanted, const workflow::Plan&) const override {
    if (check_failure) return *check_failure;
    const auto type = wanted.parameters.at("Configuration").at_pointer("/HeadNode/InstanceType").as_string();
    if (!type.starts_with("t9.")) return {};
    auto error = base::invalid("The following supplied instance types do not exist: [" + std::string(type) + "]");
    error.code = "UnknownInstanceType";
    return error;
  }

  std::vector<Instance> instances(const Environment& environment) const override {
    if (environment.status == Status::terminated || environment.rolled_back) return {};
    auto all = listed;
    if (environment.fleet == Fleet::stopped) std::erase_if(all, [](const Instance& i) { return i.role != "HeadNode"; });
    return all;
  }

  FleetStatus fleet(const Environment& environment) const override {
    return environment.fleet == Fleet::running ? FleetStatus::running : FleetStatus::stopped;
  }

  net::Task<void> terminate_instances(Environment environment) override {
    terminated_instances_of.push_back(environment.name);
    co_return base::Result<void>();
  }

  void tend(const Environment& environment) override { tended[environment.id] = environment.fleet; }
  void release(const base::EnvironmentId& id) override { tended.erase(id); }
  void report_to(Notices* listening) override { notices = listening; }

  std::vector<std::pair<std::string, std::string>> tags(const Environment& environment) const override {
    return {{"slipway:slurm-conf", "/folder/" + environment.name + "/slurm.conf"},
            {"slipway:directory", "/folder/" + environment.name}};
  }

  std::vector<std::string> leftovers(const std::vector<base::EnvironmentId>& live) const override {
    live_at_sweep = {live.begin(), live.end()};
    return leftover;
  }

  net::Task<void> remove_leftover(std::string what) override {
    std::erase(leftover, what);
    co_return on_remove ? on_remove(what) : base::Result<void>();
  }

  net::Task<boost::json::value> ask(Environment, EndpointRule, std::string path) const override {
    const auto asking = asking_;
    if (silent.contains(path)) co_await net::sleep_for(runtime_, std::chrono::hours(24));
    const auto found = answers.find(path);
    if (found == answers.end()) co_return base::unavailable("nobody answers at " + path);
    co_return found->second;
  }

  net::Task<Activity> activity(Environment) override {
    if (activity_failure) co_return *activity_failure;
    co_return used;
  }

  // Questions to endpoints that wait for their answer.
  long waiting() const { return asking_.use_count() - 1; }

  std::map<std::string, boost::json::value> answers;  // of endpoints, by path
  std::set<std::string> silent;                       // paths that take a question and do not answer
  Activity used;
  std::optional<base::Error> activity_failure;
  std::optional<base::Error> check_failure;
  Notices* notices = nullptr;
  std::vector<Instance> listed;
  std::map<base::EnvironmentId, Fleet> tended;
  std::vector<std::string> terminated_instances_of;
  std::vector<std::string> leftover;
  std::function<base::Result<void>(const std::string&)> on_remove;
  mutable std::set<base::EnvironmentId> live_at_sweep;

 private:
  net::Runtime& runtime_;
  std::shared_ptr<int> asking_ = std::make_shared<int>();
};

inline Instance head_node() {
  return {.id = "i-00000000000000001",
          .type = "t3.micro",
          .state = "running",
          .role = "HeadNode",
          .queue = {},
          .node = {},
          .private_address = "127.0.0.1",
          .public_address = {},
          .launched_at = base::Time(std::chrono::milliseconds(1'700'000'000'000)),
          .problem = {}};
}

inline Instance compute_node(std::string id, std::string queue) {
  auto instance = head_node();
  instance.id = std::move(id);
  instance.type = "c5.large";
  instance.role = "ComputeNode";
  instance.queue = queue;
  instance.node = queue + "-st-c5large-1";
  return instance;
}

class World {
 public:
  World() {
    add_actions();
    open();
  }
  World(const World&) = delete;
  ~World() { close(); }

  // Stops and starts the broker on the same store. What ran goes on.
  void restart() {
    close();
    open();
  }
  // The same, with the types below `root` instead of this repository's.
  void restart_with(std::filesystem::path root) {
    types_dir = std::move(root);
    restart();
  }

  template <class F>
  auto run(F task) {
    return net::run_to_end(runtime, std::move(task));
  }

  // Runs the loop until the condition holds; throws after 30 s.
  void until(std::function<bool()> holds) {
    run([&]() -> net::Task<void> {
      for (int turns = 0; !holds(); ++turns) {
        if (turns > 30'000) throw std::runtime_error("what the test waits for does not come");
        co_await net::sleep_for(runtime, std::chrono::milliseconds(1));
      }
      co_return base::Result<void>();
    }).value();
  }

  ScriptedAction::Script& action(const std::string& name) { return scripts.at(name); }
  // Before a restart; without inputs.
  void add_action(const std::string& name, std::vector<std::string_view> outputs = {}) {
    add(name, {}, std::move(outputs));
  }

  static LaunchRequest launch_request(std::string name) {
    LaunchRequest request;
    request.cause = {
        .who = "alice", .surface = "test", .operation = "Launch", .request_id = "request-1", .correlation_id = ""};
    request.type = "parallelcluster";
    request.region = "local";
    request.name = std::move(name);
    request.parameters = {{"Configuration", boost::json::object{{"HeadNode", {{"InstanceType", "t3.micro"}}}}}};
    request.request_document = "the document, as sent";
    return request;
  }

  static Cause cause(std::string operation) {
    auto cause = launch_request({}).cause;
    cause.operation = std::move(operation);
    return cause;
  }

  base::Result<EnvironmentPtr> launch(LaunchRequest request) {
    auto checked = environments->check(std::move(request));
    if (!checked) return std::move(checked).error();
    return run([&] { return environments->launch(std::move(*checked)); });
  }

  EnvironmentPtr find(const std::string& name) { return environments->find("parallelcluster", "local", name).value(); }

  // Waits until the environment of that name has the status; a null one is gone.
  EnvironmentPtr wait_for(const std::string& name, std::optional<Status> status) {
    EnvironmentPtr found;
    until([&] {
      found = find(name);
      return found ? found->status == status && !found->rolling_back : !status;
    });
    return found;
  }

  TemporaryFolder folder;
  ManualClock clock;
  net::Runtime runtime;
  std::map<std::string, ScriptedAction::Script> scripts;
  workflow::ActionRegistry actions;
  FakeProvider provider{runtime};
  workflow::EngineSettings settings;
  std::filesystem::path types_dir = "types";
  std::unique_ptr<storage::Database> database;
  std::unique_ptr<TypeRegistry> types;
  std::unique_ptr<Environments> environments;

 private:
  void add(const std::string& name, workflow::Action::Inputs inputs, std::vector<std::string_view> outputs) {
    actions.add(name, std::make_unique<ScriptedAction>(runtime, scripts[name], std::move(inputs), std::move(outputs)));
  }

  void add_actions() {
    add("local:slurmPrepare", {.required = {"Configuration"}, .optional = {}}, {"Directory", "SlurmConf"});
    scripts["local:slurmPrepare"].outputs = {{"Directory", "/folder"}, {"SlurmConf", "/folder/slurm.conf"}};
    for (const auto* name : {"local:slurmStart", "local:slurmStartNodes", "local:slurmWaitNodes", "local:slurmStop"}) {
      add(name, {}, {});
    }
    add("local:slurmRemove", {}, {"Removed"});
    scripts["local:slurmRemove"].outputs = {{"Removed", true}};
    // What the documents of other types use, so that they load.
    for (const auto* name :
         {"local:makeFolder", "local:writeFile", "local:newSecret", "local:readSecret", "local:reservePort",
          "local:makeVirtualEnvironment", "local:startProcess", "local:waitForPort", "local:waitForHttp",
          "local:stopProcess", "local:connectionUrl", "local:removeFolder"}) {
      add(name, {.required = {}, .optional = {}, .any = true},
          {"Folder", "EnvironmentId", "File", "Value", "Port", "Python", "Url", "Removed"});
    }
  }

  void open() {
    database = storage::sqlite::open_database(runtime, folder.path).value();
    types = std::make_unique<TypeRegistry>(runtime, *database, clock, actions,
                                           TypeSettings{.roots = {types_dir},
                                                        .extensions = {},
                                                        .again = std::chrono::milliseconds(10),
                                                        .settle = std::chrono::milliseconds(1)});
    run([&] { return types->start(); }).value();
    environments = std::make_unique<Environments>(
        runtime, *database, clock, *types, actions, std::vector<Provider*>{&provider}, settings,
        LifetimeSettings{.look = std::chrono::hours(24), .patience = std::chrono::hours(24)});  // looks are the test's
    run([&] { return environments->start_service(); }).value();
  }

  void close() {
    net::run_to_end(runtime,
                    std::function<boost::asio::awaitable<void>()>([this] { return environments->stop_service(); }));
    net::run_to_end(runtime, std::function<boost::asio::awaitable<void>()>([this] { return types->stop(); }));
    environments.reset();
    types.reset();
    database->stop();
    database.reset();
  }
};

}  // namespace slipway::broker::test_world
