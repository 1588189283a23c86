#pragma once
// What a journal row's payload holds: written by the transition function, read by history.h. No secret and no bulk.

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "base/error.h"
#include "workflow/state.h"

namespace slipway::workflow {

// `value` as a person wants to see it: values under sensitive names masked, long texts cut, at every depth.
boost::json::value clipped(boost::json::value value);

// The payload of a row; empty where it cannot be read.
boost::json::object read_payload(std::string_view text);

// What a payload says in one line: a status or what else is told, and the reason where there is one.
std::string in_a_line(const boost::json::object& payload);

// {"status", "code", "message", "evidence"} of a step or an attempt that did not succeed.
boost::json::object outcome_payload(Status outcome, const base::Error& error);

}  // namespace slipway::workflow
