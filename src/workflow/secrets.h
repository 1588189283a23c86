#pragma once
// The texts of an execution or environment that nobody may see, wherever they turn up: collected where they come in,
// hidden in what is recorded and shown. Used by the transition function, by the broker and by `slipway verify`.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "workflow/plan.h"

namespace slipway::workflow {

// What stands in a secret's place.
inline constexpr std::string_view kHidden = "********";
// Shorter ones are found everywhere by chance: their owner's columns are sealed all the same, and a value that has a
// sensitive name is hidden by its name.
inline constexpr std::size_t kShortestHiddenBytes = 6;

// Longest first, each once, so that none is hidden in part.
using Secrets = std::vector<std::string>;

// Adds the texts, numbers and booleans of `value`, at every depth.
void add_secrets(const boost::json::value& value, Secrets& secrets);
void add_secrets(const Secrets& more, Secrets& secrets);
// Adds the values that `declared` calls sensitive.
void add_secrets(const std::vector<Parameter>& declared, const boost::json::object& values, Secrets& secrets);

// Whether there is anything in `value` that hide() would mask.
bool shows(const boost::json::value& value, const Secrets& secrets);
// The text, or every text of the value, with the secrets in it masked.
std::string hide(std::string text, const Secrets& secrets);
boost::json::value hide(boost::json::value value, const Secrets& secrets);
base::Error hide(base::Error error, const Secrets& secrets);  // in its message and its evidence

}  // namespace slipway::workflow
