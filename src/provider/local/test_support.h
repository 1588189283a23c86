#pragma once
// A machine for the tests of this folder: a place of its own, a store, real supervisors (this test program in another
// role: see main() in support_test.cc) and the provider. Run by root, environments run as the account `nobody`, as in
// root mode; otherwise as whoever runs the tests. For tests only.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/runtime.h"
#include "provider/local/local_provider.h"

namespace slipway::provider::local {

// One queue of c5.large nodes, `least` of them static.
boost::json::object configuration(int least, int most, int idle_minutes = 10);
boost::json::object instance_types();
slurm::InstanceTypes read_types();

// Every type has these instance types.
struct FixedTables final : broker::TypeTables {
  bool has(const broker::Environment&, std::string_view) const override { return of_cluster; }
  base::Result<boost::json::object> table(const broker::Environment&, std::string_view) const override {
    return instance_types();
  }
  base::Result<boost::json::object> table(const base::EnvironmentId&, std::string_view) const override {
    return instance_types();
  }
  bool of_cluster = true;  // what the environment's type is one of
};

// What the broker would put on record.
struct Heard final : broker::Notices {
  void notice(const base::EnvironmentId&, std::string, std::string words) override { all.push_back(std::move(words)); }
  std::vector<std::string> all;
};

struct MachineTest : testing::Test {
  MachineTest();
  ~MachineTest() override;

  template <class F>
  auto run(F task) {
    return net::run_to_end(runtime, std::move(task));
  }
  // Runs the loop until the condition holds, up to a minute.
  bool until(std::function<bool()> holds);

  // Runs an action for the environment, as the engine would.
  base::Result<boost::json::object> act(const std::string& action, boost::json::object inputs = {});
  // All actions of the launch document, or its first that fails.
  base::Result<void> launch(boost::json::object configuration);
  base::Result<void> terminate();
  // The broker dies and another one starts: nothing of the old one's memory is left.
  void restart();
  // The same, with `settings` and `ports` as they are now.
  void reopen() { restart(); }

  // Runs one of Slurm's commands as the environment's account; gives what it prints.
  std::string slurm(std::vector<std::string> command);
  // Pids of all processes that have the cluster's folder, or its short one, in their command line.
  std::vector<pid_t> processes() const;
  pid_t pid_of(const std::string& daemon) const;
  slurm::Paths paths() const { return slurm::Paths::of(settings, environment.id); }

  std::filesystem::path place;
  Account account;
  LocalSettings settings;
  net::Runtime runtime;
  std::unique_ptr<process::Supervisors> supervisors;
  std::unique_ptr<storage::Database> database;
  std::unique_ptr<broker::Ports> ports;
  FixedTables tables;
  std::unique_ptr<broker::Resources> resources;
  std::unique_ptr<workflow::ActionRegistry> actions;
  Heard heard;
  std::unique_ptr<LocalProvider> provider;
  broker::Environment environment;

 private:
  void open();
  void close();
};

}  // namespace slipway::provider::local
