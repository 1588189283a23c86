#pragma once
// What went wrong, once, for every folder. The message is for the caller; the detail chain is for the log.
// A dialect's errors.cc turns an Error into that dialect's status and body.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::base {

enum class ErrorKind {
  invalid,          // the caller's input is wrong
  unauthenticated,  // nobody we know
  forbidden,        // known, but may not
  not_found,
  conflict,   // exists already, or is in a state that does not allow this
  throttled,  // too much at once; retry_after says when
  unavailable,
  timed_out,
  internal,
};

// The kind's name as logs and the operator API print it, such as "not_found".
std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;               // one sentence for the caller: what is wrong, where, what would be right
  std::vector<std::string> context;  // outermost last; for the log only
  std::string field;                 // JSON pointer or path of the offending input, empty where none
  std::string code;                  // the called service's or our own code, such as "NoFreePort"; may be empty
  std::optional<std::chrono::milliseconds> retry_after;
  std::vector<std::string> evidence;  // last lines of the failing command's output, for `why`; free of secrets

  // True where the same call may succeed later without a change of its input.
  bool retryable() const;
  // "outer: inner: message", for the log.
  std::string describe() const;
  Error with_context(std::string_view text) &&;
};

Error invalid(std::string message, std::string field = {});
Error not_found(std::string message);
Error conflict(std::string message);
Error unavailable(std::string message, std::string code = {});
Error timed_out(std::string message);
Error internal(std::string message);
// Message of errno `number` (default: the current errno) behind `what`, as kind internal, unavailable or invalid.
Error from_errno(std::string_view what, int number = 0);

}  // namespace slipway::base
