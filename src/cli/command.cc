#include "cli/command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>
#include <utility>

#include "base/text.h"
#include "cli/completion.h"
#include "config/reader.h"

namespace slipway::cli {

struct CommandState {
  Action chosen;
  std::map<const CLI::Option*, Hints> hints;
};

namespace {

std::string long_name(std::string_view names) {
  auto pieces = base::split(names, ',');
  return std::string(base::trim(pieces.back()));
}

// The command whose help or complaint is meant: the deepest that the line reached.
const CLI::App& deepest(const CLI::App& app) {
  auto below = app.get_subcommands();
  return below.empty() ? app : deepest(*below.front());
}

std::string full_name(const CLI::App& app) {
  return app.get_parent() ? full_name(*app.get_parent()) + " " + app.get_name() : app.get_name();
}

std::string help_of(const CLI::App& app) {
  return app.get_formatter()->make_help(&app, full_name(app), CLI::AppFormatMode::Normal);
}

// CLI11 shows a toggle as --wait,--no-wait{false}.
class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    auto name = CLI::Formatter::make_option_name(option, is_positional);
    auto brace = name.find("{false}");
    return brace == std::string::npos ? name : name.erase(brace, 7);
  }
};

// "; did you mean list?" for a word of the line that is unknown: of the commands, or of the options.
std::string guess(const CLI::App& app, const std::string& word) {
  std::vector<std::string> known;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    known.push_back(command->get_name());
  }
  if (word.starts_with('-')) {
    known.clear();
    for (const auto* option : app.get_options()) {
      for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    }
  }
  const auto nearest = config::nearest(word, known);
  return nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
}

// A word that nothing takes; empty where it cannot be told which.
std::string unexpected(const CLI::App& root) {
  const auto& app = deepest(root);
  const auto words = app.remaining();
  if (words.empty()) return "";
  const auto& word = words.front();
  if (word.starts_with('-')) return fmt::format("`{}` has no option {}{}", full_name(app), word, guess(app, word));
  const bool is_group = !app.get_subcommands([](const CLI::App*) { return true; }).empty();
  if (!is_group) return fmt::format("`{}` does not take {}: it has its arguments", full_name(app), word);
  return fmt::format("`{}` has no command {}{}", full_name(app), word, guess(app, word));
}

// What is missing, and what it is for.
std::string missing(const CLI::App& root, const std::string& complaint) {
  for (const auto* option : deepest(root).get_options()) {
    const auto name = option->get_name();
    const bool is_meant = complaint.starts_with(name + " is required") || complaint.starts_with(name + ": ");
    if (!is_meant) continue;
    const auto& about = option->get_description();
    return fmt::format("{} {}: {}", name, complaint.ends_with("is required") ? "is required" : "needs a value",
                       about.substr(0, about.find(" [SLIPWAY_")));
  }
  return complaint;
}

// The complaint, and where to look.
Parsed complain(const CLI::App& root, const std::string& what) {
  std::cerr << "slipway: " << what << "\nSee `" << full_name(deepest(root)) << " --help`.\n";
  return {.action = {}, .exit_code = static_cast<int>(ExitCode::usage)};
}

}  // namespace

std::string variable_of(std::string_view names) {
  std::string variable = "SLIPWAY_";
  for (char letter : long_name(names).substr(2)) {
    variable += letter == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  return variable;
}

Command Command::add(std::string name, std::string help) {
  return Command(*app_->add_subcommand(std::move(name), std::move(help))->group("Commands"), state_);
}

void Command::describe(CLI::Option& option, const std::string& names, Hints hints) {
  bool positional = !names.starts_with("-");
  if (!positional && hints.variable.empty()) hints.variable = variable_of(names);
  if (!hints.choices.empty()) {
    option.check(CLI::IsMember(hints.choices));
    hints.placeholder = base::join(hints.choices, "|");
  }
  if (!positional) option.option_text(hints.placeholder + (hints.required ? " (required)" : ""));
  if (positional) option.option_text(" ");
  if (!positional && hints.variable != "-") {
    option.envname(hints.variable);
    option.description(option.get_description() + " [" + hints.variable + "]");
  }
  if (hints.required) option.required();
  if (hints.hidden) option.group("");
  state_->hints[&option] = std::move(hints);
}

void Command::option(std::string names, std::string& value, std::string help, Hints hints) {
  describe(*app_->add_option(names, value, std::move(help)), names, std::move(hints));
}

void Command::option(std::string names, int& value, int least, int most, std::string help, Hints hints) {
  auto* option = app_->add_option(names, value, std::move(help));
  option->check(CLI::Range(least, most));
  describe(*option, names, std::move(hints));
}

void Command::option(std::string names, std::optional<bool>& value, std::string help, Hints hints) {
  hints.choices = {"true", "false"};
  auto assign = [&value](const std::string& text) { value = text == "true"; };
  describe(*app_->add_option_function<std::string>(names, assign, std::move(help)), names, std::move(hints));
}

void Command::option(std::string names, std::vector<std::string>& values, std::string help, Hints hints) {
  auto* option = app_->add_option(names, values, std::move(help));
  option->allow_extra_args(false);
  if (hints.commas) option->delimiter(',');
  describe(*option, names, std::move(hints));
}

void Command::flag(std::string names, bool& value, std::string help) {
  describe(*app_->add_flag(names, value, std::move(help)), names, {.placeholder = " "});
}

void Command::toggle(std::string name, std::optional<bool>& value, std::string help) {
  auto assign = [&value](std::int64_t count) { value = count > 0; };
  auto* option = app_->add_flag_function(name + ",!--no-" + name.substr(2), assign, std::move(help));
  describe(*option, name, {.placeholder = " "});
}

void Command::argument(std::string name, std::string& value, std::string help, Hints hints) {
  hints.required = true;
  auto& option = *app_->add_option(name, value, std::move(help));
  option.check([](const std::string& word) { return word.empty() ? "it is empty" : ""; });
  describe(option, name, std::move(hints));
}

void Command::rest(std::string name, std::vector<std::string>& values, std::string help, Hints hints) {
  hints.required = true;
  describe(*app_->add_option(name, values, std::move(help)), name, std::move(hints));
}

void Command::footer(std::string text) {
  app_->footer(std::move(text));
}

void Command::run(Action action) {
  // As a completion callback: CLI11 then reads this command's environment variables only where the line names it.
  app_->parse_complete_callback([state = state_, action = std::move(action)] { state->chosen = action; });
}

std::vector<std::string> Command::variables() const {
  std::vector<std::string> variables;
  for (const auto& [option, hints] : state_->hints) {
    if (hints.variable.starts_with("SLIPWAY_")) variables.push_back(hints.variable);
  }
  std::sort(variables.begin(), variables.end());
  variables.erase(std::unique(variables.begin(), variables.end()), variables.end());
  return variables;
}

CommandLine::CommandLine(std::string description, std::string version)
    : app_(std::make_unique<CLI::App>(std::move(description), "slipway")), state_(std::make_shared<CommandState>()) {
  app_->formatter(std::make_shared<HelpFormatter>());
  app_->get_formatter()->column_width(36);
  app_->get_formatter()->label("Positionals", "Arguments");
  app_->get_formatter()->label("SUBCOMMAND", "COMMAND");
  app_->set_version_flag("--version", "slipway " + version, "Print the version");
  app_->set_help_flag("-h,--help", "Print this help");
  app_->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

CommandLine::~CommandLine() = default;

Command CommandLine::root() {
  return Command(*app_, state_);
}

Parsed CommandLine::parse(std::vector<std::string> words) {
  std::reverse(words.begin(), words.end());  // CLI11 eats from the back
  try {
    app_->parse(words);
  } catch (const CLI::CallForHelp&) {
    std::cout << help_of(deepest(*app_));
    return {};
  } catch (const CLI::CallForVersion& version) {
    std::cout << version.what() << '\n';
    return {};
  } catch (const CLI::ExtrasError& error) {
    const auto what = unexpected(*app_);
    return complain(*app_, what.empty() ? error.what() : what);
  } catch (const CLI::RequiredError& error) {
    return complain(*app_, missing(*app_, error.what()));
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string what = error.what();
    return complain(*app_, what.ends_with("missing") ? missing(*app_, what) : what);
  } catch (const CLI::ParseError& error) {
    return complain(*app_, error.what());
  }
  if (!state_->chosen) {
    std::cerr << help_of(deepest(*app_));
    return {.action = {}, .exit_code = static_cast<int>(ExitCode::usage)};
  }
  return {.action = std::exchange(state_->chosen, nullptr), .exit_code = 0};
}

std::vector<std::string> CommandLine::complete(const std::vector<std::string>& words) const {
  auto hints_of = [this](const CLI::Option& option) {
    auto found = state_->hints.find(&option);
    return found == state_->hints.end() ? Hints{} : found->second;
  };
  return completions(*app_, hints_of, words);
}

}  // namespace slipway::cli
