#pragma once
// How a file that adds several commands of one group declares them. For commands that call the API.

#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/connection.h"
#include "cli/context.h"

namespace slipway::cli {

// A function that adds a command to `group`: its name and help; what declares its own options of an Options, which has
// `settings` beside them; and what it does, given the context and those.
template <class Options>
auto declare_in(Command group, const Context& context) {
  return [group, &context](const std::string& name, const std::string& help, auto arguments, auto action) mutable {
    auto options = std::make_shared<Options>();
    auto command = group.add(name, help);
    arguments(command, *options);
    add_settings(command, options->settings);
    command.run([&context, options, action] { return action(context, *options); });
  };
}

}  // namespace slipway::cli
