#pragma once
// Parameter values: their types and checks (automation-documents.md, 1.3). Used by the loader for defaults and by the
// engine before an execution's row is written.

#include <optional>
#include <string>

#include "workflow/plan.h"

namespace slipway::workflow {

std::optional<Type> type_from(std::string_view text);
bool has_type(Type type, const boost::json::value& value);

// Everything that is wrong with `value`, in words without the value's own where it is sensitive; empty where it is
// fine. Order: type, allowedValues, allowedPattern, bounds. `as_default`: empty text is exempt from the pattern.
std::vector<std::string> violations(const Parameter& parameter, const boost::json::value& value,
                                    bool as_default = false);

// The values an execution starts with: `given` by name, and the defaults of the rest with system references resolved.
// Errors: invalid, code InvalidParameters, all violations in one message: unknown names, missing ones, then the checks.
base::Result<boost::json::object> bind_parameters(const Plan& plan, const boost::json::object& given,
                                                  const Identity& identity, base::Time now);

// Names of which the value is shown nowhere: Password, Secret, Token. An idempotency name such as TerminateToken hides
// nothing.
bool is_sensitive(std::string_view name);

// `values` with the sensitive ones masked, for the journal.
boost::json::object mask_parameters(const Plan& plan, boost::json::object values);

}  // namespace slipway::workflow
