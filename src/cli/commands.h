#pragma once
// The whole command line. main.cc calls run() with the commands of the other folders (serve, doctor, backup, restore).

#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/context.h"

namespace slipway::cli {

// Adds a folder's commands to the root; `context` lives as long as the line is run.
using Attach = std::function<void(Command& root, const Context& context)>;

// Parses the line, runs what it asks for and gives the exit code. Errors are printed here and nowhere else.
int run(int argc, char** argv, const std::string& version, const std::vector<Attach>& more);

// The commands of this folder.
void add_commands(Command& root, const Context& context);

// What run() does with words in place of argv and any context; for tests.
int run_words(const std::vector<std::string>& words, const std::string& version, const Context& context,
              const std::vector<Attach>& more);

}  // namespace slipway::cli
