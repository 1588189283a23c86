#include "workflow/condition.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace slipway::workflow {
namespace {

namespace json = boost::json;

// Builds a condition from its JSON form, as the loader does from a document.
Condition condition(const json::value& written) {
  Condition built;
  for (const auto& [key, value] : written.as_object()) {
    if (key == "Variable") {
      built.variable = value;
      continue;
    }
    built.kind = condition_kind(key).value();
    if (is_comparison(built.kind)) {
      built.constant = value;
    } else if (value.is_array()) {
      for (const auto& child : value.get_array()) built.children.push_back(condition(child));
    } else {
      built.children.push_back(condition(value));
    }
  }
  return built;
}

base::Result<bool> holds(std::string_view written) {
  static const Identity identity;
  static const json::object parameters =
      json::parse(R"({"Text": "Slipway", "Number": "10", "Count": 10, "Flag": true})").as_object();
  static const json::object outputs = json::parse(R"({"A": {"Nothing": null}})").as_object();
  return evaluate(condition(json::parse(written)), {identity, {}, &parameters, &outputs});
}

struct Case {
  std::string written;
  int holds;  // 1 yes, 0 no, -1 an error
};
void PrintTo(const Case& one, std::ostream* out) {
  *out << one.written;
}
class Conditions : public testing::TestWithParam<Case> {};

TEST_P(Conditions, hold_or_do_not) {
  const auto result = holds(GetParam().written);
  EXPECT_EQ(result ? *result : -1, GetParam().holds) << GetParam().written;
}

INSTANTIATE_TEST_SUITE_P(
    All, Conditions,
    testing::Values(
        Case{R"({"Variable": "{{ Text }}", "StringEquals": "Slipway"})", 1},
        Case{R"({"Variable": "{{ Text }}", "StringEquals": "slipway"})", 0},
        Case{R"({"Variable": "{{ Text }}", "EqualsIgnoreCase": "sLIPWAY"})", 1},
        Case{R"({"Variable": "{{ Text }}", "EqualsIgnoreCase": "ship"})", 0},
        Case{R"({"Variable": "{{ Text }}", "StartsWith": "Slip"})", 1},
        Case{R"({"Variable": "{{ Text }}", "StartsWith": "way"})", 0},
        Case{R"({"Variable": "{{ Text }}", "EndsWith": "way"})", 1},
        Case{R"({"Variable": "{{ Text }}", "EndsWith": "Slip"})", 0},
        Case{R"({"Variable": "{{ Text }}", "Contains": "ipw"})", 1},
        Case{R"({"Variable": "{{ Text }}", "Contains": "x"})", 0},
        Case{R"({"Variable": "{{ Count }}", "NumericEquals": 10})", 1},
        Case{R"({"Variable": "{{ Number }}", "NumericEquals": 10})", 1},
        Case{R"({"Variable": "{{ Count }}", "NumericEquals": "10.0"})", 1},
        Case{R"({"Variable": "{{ Count }}", "NumericEquals": 11})", 0},
        Case{R"({"Variable": "{{ Count }}", "NumericGreater": 9})", 1},
        Case{R"({"Variable": "{{ Count }}", "NumericGreater": 10})", 0},
        Case{R"({"Variable": "{{ Count }}", "NumericGreaterOrEquals": 10})", 1},
        Case{R"({"Variable": "{{ Count }}", "NumericGreaterOrEquals": 11})", 0},
        Case{R"({"Variable": "{{ Count }}", "NumericLesser": 11})", 1},
        Case{R"({"Variable": "{{ Count }}", "NumericLesser": 10})", 0},
        Case{R"({"Variable": "{{ Count }}", "NumericLesserOrEquals": 10})", 1},
        Case{R"({"Variable": "{{ Count }}", "NumericLesserOrEquals": 9.5})", 0},
        Case{R"({"Variable": 9007199254740993, "NumericGreater": 9007199254740992})", 1},
        Case{R"({"Variable": "{{ Flag }}", "BooleanEquals": true})", 1},
        Case{R"({"Variable": "{{ Flag }}", "BooleanEquals": "False"})", 0},
        Case{R"({"Variable": "{{ Text }}", "StringEquals": "{{ Text }}"})", 1},
        Case{R"({"And": [{"Variable": "a", "StringEquals": "a"}, {"Variable": "b", "StringEquals": "b"}]})", 1},
        Case{R"({"And": [{"Variable": "a", "StringEquals": "a"}, {"Variable": "b", "StringEquals": "c"}]})", 0},
        Case{R"({"Or": [{"Variable": "a", "StringEquals": "x"}, {"Variable": "b", "StringEquals": "b"}]})", 1},
        Case{R"({"Or": [{"Variable": "a", "StringEquals": "x"}]})", 0},
        Case{R"({"Not": {"Variable": "a", "StringEquals": "x"}})", 1},
        // An unset variable compares false, and Not of it true.
        Case{R"({"Variable": "{{ A.Nothing }}", "StringEquals": "x"})", 0},
        Case{R"({"Not": {"Variable": "{{ A.Nothing }}", "StringEquals": "x"}})", 1},
        Case{R"({"Variable": "{{ A.Nothing }}", "BooleanEquals": true})", 0},
        // The wrong type is an error, not false.
        Case{R"({"Variable": "{{ Count }}", "StringEquals": "10"})", -1},
        Case{R"({"Variable": "{{ Text }}", "NumericEquals": 10})", -1},
        Case{R"({"Variable": "{{ Text }}", "BooleanEquals": true})", -1},
        Case{R"({"Not": {"Variable": "{{ Text }}", "NumericEquals": 1}})", -1},
        // Left to right, stopping early: the error behind is not reached.
        Case{R"({"Or": [{"Variable": "a", "StringEquals": "a"}, {"Variable": 1, "StringEquals": "b"}]})", 1},
        Case{R"({"And": [{"Variable": "a", "StringEquals": "x"}, {"Variable": 1, "StringEquals": "b"}]})", 0},
        Case{R"({"Or": [{"Variable": 1, "StringEquals": "b"}, {"Variable": "a", "StringEquals": "a"}]})", -1}));

TEST(Conditions, an_error_says_what_was_compared) {
  EXPECT_EQ(holds(R"({"Variable": "{{ Text }}", "NumericEquals": 10})").error().message,
            "NumericEquals needs a number, but {{ Text }} is Slipway");
}

}  // namespace
}  // namespace slipway::workflow
