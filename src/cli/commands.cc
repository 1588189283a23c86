#include "cli/commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <iostream>

#include "cli/cluster.h"
#include "cli/demo.h"
#include "cli/environment.h"
#include "cli/events.h"
#include "cli/execution.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/key.h"
#include "cli/leftovers.h"
#include "cli/transport.h"
#include "cli/why.h"

namespace slipway::cli {

namespace {

// Called by the completion functions of the shells (packaging/completions), never by people.
constexpr std::string_view kComplete = "__complete";

// What only a broker can list: path, member of the answer, the word, what is said about it.
struct Listed {
  std::string_view offer;
  const char* path;
  const char* member;
  const char* word;
  const char* about;
};
constexpr Listed kListed[] = {
    {":clusters", "/v3/clusters", "clusters", "/clusterName", "/clusterStatus"},
    {":environments", "/slipway/v1/environments", "environments", "/name", "/status"},
    {":executions", "/slipway/v1/executions", "executions", "/id", "/state"},
};

void offer_listed(const Listed& listed, const Context& context, const std::string& half) {
  auto client = context.connect({});
  if (!client) return;
  // The first page: whoever completes does not want ten thousand words.
  auto answer = client->call({.method = "GET", .path = listed.path});
  if (!answer) return;
  for (const auto& item : items_at(*answer, fmt::format("/{}", listed.member))) {
    auto word = text_at(item, listed.word);
    if (word.starts_with(half)) context.out << word << '\t' << text_at(item, listed.about) << '\n';
  }
}

void complete(const CommandLine& line, const Context& context, const std::vector<std::string>& words) {
  for (const auto& offer : line.complete(words)) {
    const auto* listed = std::ranges::find(kListed, offer, &Listed::offer);
    if (listed == std::ranges::end(kListed)) {
      context.out << offer << '\n';
    } else {
      offer_listed(*listed, context, words.back());
    }
  }
}

base::Result<ExitCode> outcome_of(const Action& action) {
  try {
    return action();
  } catch (const std::exception& error) {
    return base::internal(fmt::format("{}, which is a bug", error.what()));
  }
}

}  // namespace

void add_commands(Command& root, const Context& context) {
  add_demo(root, context);
  auto cluster = root.add("cluster", "Create, look at, use and delete clusters");
  add_cluster_create(cluster, context);
  add_cluster_list(cluster, context);
  add_cluster_describe(cluster, context);
  add_cluster_instances(cluster, context);
  add_cluster_exec(cluster, context);
  add_cluster_fleet(cluster, context);
  add_cluster_delete_instances(cluster, context);
  add_cluster_delete(cluster, context);
  auto env = root.add("env", "Launch, look at, start, stop and terminate environments of any type");
  add_env_launch(env, context);
  add_env_list(env, context);
  add_env_show(env, context);
  add_env_changes(env, context);
  add_env_connect(env, context);
  add_env_extend(env, context);
  add_env_resources(env, context);
  add_execution(root, context);
  add_events(root, context);
  add_why(root, context);
  add_leftovers(root, context);
  add_key(root, context);
}

int run_words(const std::vector<std::string>& words, const std::string& version, const Context& context,
              const std::vector<Attach>& more) {
  CommandLine line("Launches, tracks and retires compute environments.", version);
  auto root = line.root();
  for (const auto& attach : more) attach(root, context);
  add_commands(root, context);
  root.footer(
      "Exit codes: 0 ok, 1 error, 2 usage, 3 not found, 4 refused, 5 conflict, 6 quota, 7 environment failed,\n"
      "124 timed out, 130 interrupted. Every option is also an environment variable, shown in brackets.");
  if (!words.empty() && words.front() == kComplete) {
    complete(line, context, {words.begin() + 1, words.end()});
    return 0;
  }
  auto parsed = line.parse(words);
  if (!parsed.action) return parsed.exit_code;
  const auto ended = outcome_of(parsed.action);
  if (ended) return static_cast<int>(*ended);
  print_error(context.err, ended.error());
  return static_cast<int>(exit_code_of(ended.error()));
}

int run(int argc, char** argv, const std::string& version, const std::vector<Attach>& more) {
  Context context{.out = std::cout,
                  .err = std::cerr,
                  .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
                  .err_is_terminal = ::isatty(STDERR_FILENO) == 1,
                  .variables = process_environment(),
                  .transport = [](const Connection& connection) { return open_transport(connection); },
                  .pause = pause_unless_interrupted};
  const int code = run_words({argv + 1, argv + argc}, version, context, more);
  // A full disk must not pass for an empty answer, nor lose a secret that is shown once.
  if (std::cout.flush()) return code;
  print_error(std::cerr, base::unavailable("The output could not be written: is the disk full?"));
  return code != 0 ? code : static_cast<int>(ExitCode::error);
}

}  // namespace slipway::cli
