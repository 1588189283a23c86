#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <ostream>

#include "cli/cluster.h"
#include "cli/slurm_place.h"

namespace slipway::cli {

namespace {

struct Options {
  Settings settings;
  std::string name;
  std::vector<std::string> command;
};

void warn_of_folder(const Context& context, const Account& account) {
  if (::access(".", W_OK) == 0) return;
  char* folder = ::get_current_dir_name();
  context.err << fmt::format(
      "slipway: note: account '{}' cannot write in {}; jobs that write there will fail. Use "
      "another folder, or sbatch --chdir.\n",
      account.name, folder ? folder : "this folder");
  std::free(folder);
}

// Returns only where it failed.
base::Error replace_process(const Context& context, const SlurmPlace& place, const std::vector<std::string>& command) {
  for (const auto& [name, value] : place.variables()) ::setenv(name.c_str(), value.c_str(), 1);
  if (must_become(place.account)) {
    if (int number = become(place.account)) return base::from_errno("Becoming account " + place.account.name, number);
    warn_of_folder(context, place.account);
  }
  context.out.flush();
  std::vector<char*> words;
  for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words.front(), words.data());
  // EACCES: also where PATH holds a folder that this account may not enter.
  if (errno != ENOENT && errno != EACCES) return base::from_errno("Running " + command.front());
  return base::not_found(fmt::format(
      "There is no program '{}' that account '{}' may run; Slurm's clients are in the package slurm-client.",
      command.front(), place.account.name));
}

base::Result<ExitCode> exec(const Context& context, const Options& options) {
  auto client = TRY(context.connect(options.settings));
  auto cluster = TRY(describe_cluster(client, options.name));
  auto place = TRY(slurm_place(cluster));
  return replace_process(context, place, options.command);
}

}  // namespace

void add_cluster_exec(Command& group, const Context& context) {
  auto options = std::make_shared<Options>();
  auto command = group.add("exec", "Run one of Slurm's clients, or anything else, against a cluster on this machine");
  add_cluster_argument(command, options->name);
  command.rest("COMMAND", options->command, "Command and its arguments, after --", {.completes = Completes::commands});
  add_settings(command, options->settings);
  command.footer(
      "Examples:\n  slipway cluster exec demo -- sinfo\n  slipway cluster exec demo -- sbatch job.sh\n\n"
      "The command gets SLURM_CONF; its exit code is ours. Root first becomes the account that runs the "
      "cluster.");
  command.run([&context, options] { return exec(context, *options); });
}

}  // namespace slipway::cli
