#pragma once
// The condition of an aws:branch choice: a tree of comparisons. Read by the document loader, evaluated by the
// transition function. An unset variable compares false; a value of the wrong type is an error that fails the step.

#include <boost/json/value.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "workflow/reference.h"

namespace slipway::workflow {

struct Condition {
  enum class Kind {
    all,   // And
    any,   // Or
    none,  // Not: one child
    string_equals,
    equals_ignore_case,
    starts_with,
    ends_with,
    contains,
    numeric_equals,
    numeric_greater,
    numeric_greater_or_equals,
    numeric_lesser,
    numeric_lesser_or_equals,
    boolean_equals,
  };
  Kind kind = Kind::all;
  boost::json::value variable;  // of a comparison; may be a reference, as may the constant
  boost::json::value constant;
  std::vector<Condition> children;  // of all, any, none
};

// The names documents use: "And", "StringEquals".
std::optional<Condition::Kind> condition_kind(std::string_view name);
std::vector<std::string_view> condition_names();
bool is_comparison(Condition::Kind kind);
// True where `constant` is of the type that `kind` compares, or a text with a reference.
bool fits(Condition::Kind kind, const boost::json::value& constant);

// Left to right, stopping early. Errors: invalid, a value of the wrong type.
base::Result<bool> evaluate(const Condition& condition, const Scope& scope);

}  // namespace slipway::workflow
