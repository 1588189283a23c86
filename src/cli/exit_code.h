#pragma once
// How a failure ends the program, and how it is told. Used by the command line's main function and by tests.

#include <iosfwd>
#include <string>

#include "base/error.h"
#include "cli/command.h"

namespace slipway::cli {

// What the parser lets pass and is wrong all the same: ends with ExitCode::usage.
base::Error wrong_line(std::string message);

// What Ctrl-C broke off: ends with ExitCode::interrupted. Of kind unavailable.
base::Error interrupted();
bool is_interrupted(const base::Error& error);

ExitCode exit_code_of(const base::Error& error);
// "slipway: sentence", and below it the lines that explain it.
void print_error(std::ostream& out, const base::Error& error);

}  // namespace slipway::cli
