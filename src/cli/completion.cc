#include "cli/completion.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "base/text.h"

namespace slipway::cli {

namespace {

// Where the half word stands.
struct Place {
  const CLI::App* command = nullptr;
  const CLI::Option* awaiting = nullptr;  // the word before is an option that takes a value
  std::size_t arguments = 0;              // places already filled
  bool only_arguments = false;            // after "--"
};

const CLI::Option* option_named(const CLI::App& app, const std::string& name) {
  for (const auto* option : app.get_options()) {
    if (option->nonpositional() && option->check_name(name)) return option;
  }
  return nullptr;
}

const CLI::App* command_named(const CLI::App& app, const std::string& name) {
  for (const auto* below : app.get_subcommands({})) {
    if (below->check_name(name)) return below;
  }
  return nullptr;
}

Place find_place(const CLI::App& app, const std::vector<std::string>& words) {
  Place place{.command = &app};
  for (std::size_t at = 0; at + 1 < words.size(); ++at) {
    const auto& word = words[at];
    if (std::exchange(place.awaiting, nullptr)) continue;
    if (word == "--") {
      place.only_arguments = true;
    } else if (!place.only_arguments && word.starts_with("-")) {
      const auto* option = option_named(*place.command, word);
      if (option && option->get_items_expected_min() > 0) place.awaiting = option;
    } else if (const auto* below = command_named(*place.command, word);
               below && !place.only_arguments && place.arguments == 0) {
      place.command = below;
    } else {
      ++place.arguments;
    }
  }
  return place;
}

// Collects what fits the half word.
class Offers {
 public:
  Offers(std::string half, const HintsOf& hints_of) : half_(std::move(half)), hints_of_(hints_of) {}

  void word(const std::string& word, const std::string& help) {
    if (word.starts_with(half_)) offers_.push_back(fmt::format("{}\t{}", word, base::split(help, '\n').front()));
  }

  // `before`: what of the half word belongs to the option, such as "--output=".
  void values(const CLI::Option& option, const std::string& before) {
    Hints hints = hints_of_(option);
    for (const auto& choice : hints.choices) word(before + choice, "");
    switch (hints.completes) {
      case Completes::nothing:
        break;
      case Completes::files:
        offers_.push_back(":files");
        break;
      case Completes::folders:
        offers_.push_back(":folders");
        break;
      case Completes::clusters:
        offers_.push_back(":clusters");
        break;
      case Completes::environments:
        offers_.push_back(":environments");
        break;
      case Completes::executions:
        offers_.push_back(":executions");
        break;
      case Completes::commands:
        offers_.push_back(":commands");
        break;
    }
  }

  void options(const CLI::App& command) {
    for (const auto* option : command.get_options()) {
      if (option->get_group().empty()) continue;
      for (const auto& name : option->get_lnames()) word("--" + name, option->get_description());
    }
  }

  void commands_and_arguments(const Place& place) {
    for (const auto* below : place.command->get_subcommands({})) {
      if (!below->get_group().empty()) word(below->get_name(), below->get_description());
    }
    std::vector<const CLI::Option*> arguments;
    for (const auto* option : place.command->get_options()) {
      if (option->get_positional()) arguments.push_back(option);
    }
    if (arguments.empty()) return;
    bool room = place.arguments < arguments.size() || arguments.back()->get_allow_extra_args();
    if (room) values(*arguments[std::min(place.arguments, arguments.size() - 1)], "");
  }

  std::vector<std::string> take() { return std::move(offers_); }

 private:
  std::string half_;
  const HintsOf& hints_of_;
  std::vector<std::string> offers_;
};

}  // namespace

std::vector<std::string> completions(const CLI::App& app, const HintsOf& hints_of,
                                     const std::vector<std::string>& words) {
  if (words.empty()) return {};
  Place place = find_place(app, words);
  const auto& half = words.back();
  Offers offers(half, hints_of);
  auto equals = half.find('=');
  bool option_like = half.starts_with("-") && !place.only_arguments;
  if (place.awaiting) {
    offers.values(*place.awaiting, "");
  } else if (option_like && equals != std::string::npos) {
    const auto* option = option_named(*place.command, half.substr(0, equals));
    if (option) offers.values(*option, half.substr(0, equals + 1));
  } else if (option_like) {
    offers.options(*place.command);
  } else {
    offers.commands_and_arguments(place);
  }
  return offers.take();
}

}  // namespace slipway::cli
