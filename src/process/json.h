#pragma once
// The few JSON reading functions that this folder's records share. Included by .cc files only: Boost.JSON is heavy.

#include <fmt/format.h>

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "process/proc.h"

namespace slipway::process {

// Member `key` of `object` as text. Throws where it is missing or no text, as at() does.
inline std::string text_of(const boost::json::object& object, std::string_view key) {
  return std::string(object.at(key).as_string());
}

inline boost::json::object identity_to_object(const Identity& identity) {
  return {{"pid", identity.pid}, {"started", identity.started}, {"boot_id", identity.boot_id}};
}

inline Identity identity_from(const boost::json::object& object) {
  return {.pid = object.at("pid").to_number<pid_t>(),
          .started = object.at("started").to_number<unsigned long long>(),
          .boot_id = text_of(object, "boot_id")};
}

// Reads `text` with `read`, which may throw what Boost.JSON throws. `what` names the text in the error (internal).
template <class T, class Read>
base::Result<T> parse_object(std::string_view what, std::string_view text, Read read) {
  try {
    boost::json::parse_options options;
    options.allow_invalid_utf8 = true;  // file names and environment variables are bytes
    return read(boost::json::parse(text, {}, options).as_object());
  } catch (const std::exception& error) {
    return base::internal(fmt::format("{} cannot be read: {}", what, error.what()));
  }
}

}  // namespace slipway::process
