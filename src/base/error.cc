#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace slipway::base {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::unauthenticated:
      return "unauthenticated";
    case ErrorKind::forbidden:
      return "forbidden";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::throttled:
      return "throttled";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::timed_out:
      return "timed_out";
    case ErrorKind::internal:
      return "internal";
  }
}

bool Error::retryable() const {
  switch (kind) {
    case ErrorKind::throttled:
    case ErrorKind::unavailable:
    case ErrorKind::timed_out:
      return true;
    case ErrorKind::invalid:
    case ErrorKind::unauthenticated:
    case ErrorKind::forbidden:
    case ErrorKind::not_found:
    case ErrorKind::conflict:
    case ErrorKind::internal:
      return false;
  }
}

std::string Error::describe() const {
  std::string text;
  for (auto it = context.rbegin(); it != context.rend(); ++it) text += *it + ": ";
  return text + message;
}

Error Error::with_context(std::string_view text) && {
  context.emplace_back(text);
  return std::move(*this);
}

namespace {
Error make(ErrorKind kind, std::string message, std::string field = {}, std::string code = {}) {
  return Error{.kind = kind,
               .message = std::move(message),
               .context = {},
               .field = std::move(field),
               .code = std::move(code),
               .retry_after = {},
               .evidence = {}};
}
}  // namespace

Error invalid(std::string message, std::string field) {
  return make(ErrorKind::invalid, std::move(message), std::move(field));
}
Error not_found(std::string message) {
  return make(ErrorKind::not_found, std::move(message));
}
Error conflict(std::string message) {
  return make(ErrorKind::conflict, std::move(message));
}
Error unavailable(std::string message, std::string code) {
  return make(ErrorKind::unavailable, std::move(message), {}, std::move(code));
}
Error timed_out(std::string message) {
  return make(ErrorKind::timed_out, std::move(message));
}
Error internal(std::string message) {
  return make(ErrorKind::internal, std::move(message));
}

Error from_errno(std::string_view what, int number) {
  if (number == 0) number = errno;
  const auto text = std::string(what) + ": " + std::generic_category().message(number);
  switch (number) {
    case ENOSPC:
    case EDQUOT:
      return unavailable(text + "; free some space there");
    case EMFILE:
    case ENFILE:
    case EAGAIN:
      return unavailable(text);
    case ENOENT:
      return not_found(text);
    case EEXIST:
      return conflict(text);
    case EACCES:
    case EPERM:
      return make(ErrorKind::forbidden, text);
    default:
      return internal(text);
  }
}

}  // namespace slipway::base
