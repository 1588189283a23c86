#pragma once
// The request target (RFC 9112, section 3.2) taken apart. Used by the request parser; a fuzz target feeds it.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace slipway::http {

struct Target {
  // Segments percent-decoded and joined by '/'; an encoded slash stays "%2F", so that it never divides segments.
  // Nothing else is normalised: "//", "." and ".." stay. "*" for the asterisk form.
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;  // decoded, '+' is a space; in order
};

// Takes origin form, absolute form (scheme and authority are dropped) and "*". Errors: invalid, where the target has
// another form, holds bytes that must be encoded, a broken escape, or what does not decode to UTF-8 without control
// characters.
base::Result<Target> parse_target(std::string_view target);

// Of a request that is handed on to another server, whose target it is: origin form with any bytes but control
// characters, spaces and '#'. The path stays as it came, but for bytes that are no ASCII, which become escapes; of the
// query, what does not decode is left out. Errors: invalid.
base::Result<Target> parse_foreign_target(std::string_view target);

}  // namespace slipway::http
