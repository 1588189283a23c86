#pragma once
// Parameter values: their types and checks (automation-documents.md, 1.3). Used by the loader for defaults and by the
// engine before an execution's row is written.

#include <optional>
#include <string>

#include "workflow/plan.h"

namespace slipway::workflow {

std::optional<Type> type_from(std::string_view text);
bool has_type(Type type, const boost::json::value& value);
// A StringMap or MapList that is written as JSON text, as the structure; everything else as it is.
boost::json::value from_text(Type type, boost::json::value value);

// How deep a value, the inputs or the outputs of a step may be nested: Boost.JSON reads 32 levels, and where they are
// kept they stand some levels down.
inline constexpr int kValueLimitLevels = 20;
// Whether lists and maps stand in each other on more than `levels` levels.
bool is_deeper(const boost::json::value& value, int levels = kValueLimitLevels);

// Everything that is wrong with `value`, in words without the value's own where it is sensitive; empty where it is
// fine. Order: type, allowedValues, allowedPattern, bounds. `as_default`: empty text is exempt from the pattern.
std::vector<std::string> violations(const Parameter& parameter, const boost::json::value& value,
                                    bool as_default = false);

// Where {{ ssm:name }} of defaults finds its values.
class ParameterStore {
 public:
  virtual ~ParameterStore() = default;
  // A text, or a list of texts; never a SecureString. Errors: not_found, unavailable.
  virtual base::Result<boost::json::value> find(std::string_view name) const = 0;
};

// The values an execution starts with: `given` by name, and the defaults of the rest with system references resolved.
// `store` may be null: a default that needs it is an error then. Errors: invalid, code InvalidParameters, all
// violations in one message, in this order: unknown names, missing ones, type, allowedValues, allowedPattern, bounds.
base::Result<boost::json::object> bind_parameters(const Plan& plan, const boost::json::object& given,
                                                  const Identity& identity, base::Time now,
                                                  const ParameterStore* store = nullptr);

// Whether every default that `given` leaves to be used can be had, so that nothing fails for it in the middle. Errors:
// invalid, code InvalidParameters: one needs a Parameter Store, and `store` is null.
base::Result<void> check_defaults(const Plan& plan, const boost::json::object& given, const ParameterStore* store);

// Values in the shape of StartAutomationExecution, a list of texts by name, as typed ones: one text for String, Integer
// and Boolean, JSON text for StringMap, JSON texts for MapList. What does not fit is left for bind_parameters to
// refuse.
boost::json::object from_text_lists(const Plan& plan, const boost::json::object& values);

// Names of which the value is shown nowhere: Password, Secret, Token. An idempotency name such as TerminateToken hides
// nothing.
bool is_sensitive(std::string_view name);

// `values` with the sensitive ones masked, for the journal.
boost::json::object mask_parameters(const Plan& plan, boost::json::object values);

}  // namespace slipway::workflow
