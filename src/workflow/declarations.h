#pragma once
// Parameters declared as documents declare them, by others than documents: environment types. One reader for both, so
// that what holds in one holds in the other. Knows no file.

#include <optional>
#include <string>
#include <vector>

#include "workflow/plan.h"
#include "workflow/problem.h"

namespace slipway::workflow {

struct Declaration {
  Parameter parameter;
  std::string title;
  std::string description;        // Markdown
  std::optional<Condition> when;  // the parameter exists only where this holds, over the ones declared before it
  boost::json::value condition;   // the same as it is written, for people and for forms
};

// A mapping by name; each with the keys of a document's parameter and title and when. Adds to `problems` all that is
// wrong; pointers begin with /parameters.
std::vector<Declaration> read_declarations(const base::YamlNode& parameters, Problems& problems);

}  // namespace slipway::workflow
