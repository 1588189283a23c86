#pragma once
// What the shell offers while a person types, read from the declared commands. Used by CommandLine alone.

#include <functional>
#include <string>
#include <vector>

#include "cli/command.h"

namespace slipway::cli {

using HintsOf = std::function<Hints(const CLI::Option&)>;

// As CommandLine::complete says.
std::vector<std::string> completions(const CLI::App& app, const HintsOf& hints_of,
                                     const std::vector<std::string>& words);

}  // namespace slipway::cli
