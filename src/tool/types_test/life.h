#pragma once
// One life of an environment from launch to its end, each step checked and timed: `slipway types test` without --crash.

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/context.h"
#include "process/supervisor.h"
#include "tool/types_test/tested_environment.h"

namespace slipway::tool {

struct LifeStep {
  std::string name;    // launch, connect, stop, start, kept, terminate, leftovers
  std::string result;  // ok, failed, skipped, or none where the type has nothing of the kind
  double seconds = 0;
  std::string found{};               // what was checked and, after a failure, what is wrong
  std::vector<std::string> lines{};  // after a failure: the last that a program said, or what is left
};

class Life {
 public:
  // What is to be left of the environment after its end, a line each; empty where nothing is.
  using Leftovers = std::function<base::Result<std::vector<std::string>>()>;

  Life(const cli::Context& context, const cli::Client& client, const TestedType& type, std::string name,
       std::chrono::seconds limit)
      : context_(context), client_(client), type_(type), environment_(type, std::move(name)), limit_(limit) {}

  // Goes through all of it; after a failure only the end is still tried. `leftovers` is asked last. Errors:
  // Interrupted alone: then the environment may still be there.
  base::Result<std::vector<LifeStep>> run(const Leftovers& leftovers);

  const TestedEnvironment& environment() const { return environment_; }

 private:
  using Check = std::function<base::Result<std::string>()>;

  base::Result<void> step(std::string name, bool has, const Check& check);
  base::Result<std::string> operate(Operation operation);
  base::Result<std::string> check_connection();
  base::Result<void> leave_mark();
  base::Result<std::string> find_mark() const;

  const cli::Context& context_;
  const cli::Client& client_;
  const TestedType& type_;
  const TestedEnvironment environment_;
  const std::chrono::seconds limit_;
  std::filesystem::path mark_;
  std::optional<process::Account> owner_;  // who may touch it
  std::vector<LifeStep> steps_;
  bool failed_ = false;
};

}  // namespace slipway::tool
