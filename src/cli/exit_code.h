#pragma once
// How a failure ends the program, and how it is told. Used by the command line's main function and by tests.

#include <iosfwd>

#include "base/error.h"
#include "cli/command.h"

namespace slipway::cli {

ExitCode exit_code_of(const base::Error& error);
// "slipway: sentence", and below it the lines that explain it.
void print_error(std::ostream& out, const base::Error& error);

}  // namespace slipway::cli
