#pragma once
// One declaration of a command: from it come parsing, --help, the environment variable of every option and what the
// shell completes. A thin cover over CLI11, which stays in command.cc. Used by every file that adds a command, also
// tool/ and server/; knows no command.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace slipway::cli {

// How every command ends; docs and scripts rely on the numbers.
enum class ExitCode {
  ok = 0,
  error = 1,
  usage = 2,
  not_found = 3,
  refused = 4,             // who calls, or what they may do
  conflict = 5,            // exists already, or is in a state that does not allow this
  quota = 6,               // too much at once
  environment_failed = 7,  // the request was fine, what it launched failed
  timed_out = 124,
  interrupted = 130,  // Ctrl-C: the waiting ended, not what was waited for
};

// An Error is printed as one sentence and decides the exit code by its kind.
using Action = std::function<base::Result<ExitCode>()>;

// What the shell offers for a value.
enum class Completes { nothing, files, folders, clusters, environments, executions, commands };

struct Hints {
  std::string placeholder = "TEXT";       // in --help: --url URL
  std::string variable = {};              // instead of SLIPWAY_<NAME>; "-": none
  std::vector<std::string> choices = {};  // the only values allowed; empty: any
  Completes completes = Completes::nothing;
  bool required = false;
  bool commas = true;   // of a list: commas part values, too
  bool hidden = false;  // neither in --help nor offered by the shell
};

struct CommandState;

// A command or a group of commands. Copies name the same command. Bound variables must live until the action has run;
// an option that is not given leaves its variable as it was.
class Command {
 public:
  Command(CLI::App& app, std::shared_ptr<CommandState> state) : app_(&app), state_(std::move(state)) {}

  Command add(std::string name, std::string help);
  // `names`: "--url" or "-o,--output".
  void option(std::string names, std::string& value, std::string help, Hints hints = {});
  void option(std::string names, int& value, int least, int most, std::string help, Hints hints = {});
  void option(std::string names, std::optional<bool>& value, std::string help, Hints hints = {});  // --x true|false
  // May be repeated.
  void option(std::string names, std::vector<std::string>& values, std::string help, Hints hints = {});
  void flag(std::string names, bool& value, std::string help);
  // --wait and --no-wait; unset: neither was given.
  void toggle(std::string name, std::optional<bool>& value, std::string help);
  // A required word at its place in the line.
  void argument(std::string name, std::string& value, std::string help, Hints hints = {});
  // All that is left, after "--" whatever it looks like; at least one word.
  void rest(std::string name, std::vector<std::string>& values, std::string help, Hints hints = {});
  // Lines shown under the options in --help.
  void footer(std::string text);
  void run(Action action);
  // The environment variables of every option declared so far, in the whole line: for whoever warns of unknown ones.
  std::vector<std::string> variables() const;

 private:
  void describe(CLI::Option& option, const std::string& names, Hints hints);

  CLI::App* app_;
  std::shared_ptr<CommandState> state_;
};

// What a line asks for.
struct Parsed {
  Action action;      // empty where there is nothing to run
  int exit_code = 0;  // then: how to end; help or the complaint is printed
};

class CommandLine {
 public:
  CommandLine(std::string description, std::string version);
  ~CommandLine();
  Command root();
  // `words`: the line without the program's name.
  Parsed parse(std::vector<std::string> words);
  // What may stand where the last of `words` stands (it may be empty or half a word), one per line, with a tab and its
  // description; ":files", ":folders", ":clusters", ":environments", ":executions" and ":commands" stand for what only
  // the caller can list.
  std::vector<std::string> complete(const std::vector<std::string>& words) const;

 private:
  std::unique_ptr<CLI::App> app_;
  std::shared_ptr<CommandState> state_;
};

// SLIPWAY_ROLLBACK_ON_FAILURE of "-r,--rollback-on-failure".
std::string variable_of(std::string_view names);

}  // namespace slipway::cli
