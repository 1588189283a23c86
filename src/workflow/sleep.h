#pragma once
// When an aws:sleep ends. Used by the loader's checks and the transition function.

#include <boost/json/object.hpp>
#include <chrono>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace slipway::workflow {

// ISO 8601: "PT10M", "P1DT2H", "PT0.5S". Years and months are refused, as their length varies. Errors: invalid.
base::Result<std::chrono::milliseconds> parse_duration(std::string_view text);
// ISO 8601: "2026-01-31T10:00:00Z", with a fraction or an offset such as +02:00. Errors: invalid.
base::Result<base::Time> parse_timestamp(std::string_view text);

// The end of a sleep that begins `now`, from exactly one of the inputs Duration and Timestamp; a time past means no
// wait. Errors: invalid; longer than 604,799 s (7 days).
base::Result<base::Time> sleep_until(const boost::json::object& inputs, base::Time now);

}  // namespace slipway::workflow
