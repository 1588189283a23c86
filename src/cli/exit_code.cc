#include "cli/exit_code.h"

#include <ostream>
#include <string_view>
#include <utility>

namespace slipway::cli {

namespace {
constexpr std::string_view kWrongLine = "WrongLine";
constexpr std::string_view kInterrupted = "Interrupted";
}  // namespace

base::Error wrong_line(std::string message) {
  auto error = base::invalid(std::move(message));
  error.code = kWrongLine;
  return error;
}

base::Error interrupted() {
  return base::unavailable("Interrupted.", std::string(kInterrupted));
}

bool is_interrupted(const base::Error& error) {
  return error.code == kInterrupted;
}

ExitCode exit_code_of(const base::Error& error) {
  if (error.code == kWrongLine) return ExitCode::usage;
  if (is_interrupted(error)) return ExitCode::interrupted;
  switch (error.kind) {
    case base::ErrorKind::invalid:
    case base::ErrorKind::unavailable:
    case base::ErrorKind::internal:
      return ExitCode::error;
    case base::ErrorKind::unauthenticated:
    case base::ErrorKind::forbidden:
      return ExitCode::refused;
    case base::ErrorKind::not_found:
      return ExitCode::not_found;
    case base::ErrorKind::conflict:
      return ExitCode::conflict;
    case base::ErrorKind::throttled:
      return ExitCode::quota;
    case base::ErrorKind::timed_out:
      return ExitCode::timed_out;
  }
  return ExitCode::error;
}

void print_error(std::ostream& out, const base::Error& error) {
  out << "slipway: " << error.message << '\n';
  for (const auto& line : error.evidence) out << "  " << line << '\n';
}

}  // namespace slipway::cli
