#pragma once
// Values as Python's repr() prints them: the reference is a Python program and its error texts carry such prints.
// Used by every file here that words an error. Knows no request.

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

namespace slipway::surface::parallelcluster {

// 'x', "it's", with \n, \\ and unprintable bytes escaped; UTF-8 passes through.
std::string python_quoted(std::string_view text);
// None, True, 5, 0.5, 'x', ['a', 1], {'k': 'v'}; members in the order of the object.
std::string python_repr(const boost::json::value& value);

}  // namespace slipway::surface::parallelcluster
