#pragma once
// Inputs that hold JSON as text, such as the Detail of an event: a value with a quotation mark in it would break them
// (automation-documents.md, 1.6). Used by the transition function in place of resolve(). Knows no AWS client: which
// inputs hold JSON is a table of names.

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "workflow/reference.h"

namespace slipway::workflow {

struct ResolvedInputs {
  boost::json::value value;
  std::vector<std::string> notes;  // a sentence (W-ESC) for each text that had to be mended; for the journal
};

// As resolve(). Where a text that holds JSON is none any more once values stand in it, the values inside quotes are
// escaped, if that makes it JSON again. Errors: as resolve().
base::Result<ResolvedInputs> resolve_inputs(const boost::json::object& inputs, const Scope& scope,
                                            std::string path = "inputs");

}  // namespace slipway::workflow
