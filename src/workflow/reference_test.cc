#include "workflow/reference.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace slipway::workflow {
namespace {

namespace json = boost::json;

const Identity kIdentity{.installation_id = "i",
                         .execution_id = base::ExecutionId("01890000-0000-7000-8000-000000000001"),
                         .environment_id = {},
                         .environment_name = {},
                         .region = "local",
                         .account_id = "000000000000",
                         .correlation_id = {}};

base::Result<json::value> resolved(std::string_view written) {
  static const json::object parameters = json::parse(R"({
      "Text": "a\"b", "Count": 3, "Flag": true, "List": ["x", "y"], "Map": {"k": "v"}, "Braces": "{{ Text }}", "Empty": ""})")
                                             .as_object();
  static const json::object outputs = json::parse(R"({"Make": {"Id": "i-1", "Nothing": null}})").as_object();
  const Scope scope{kIdentity, base::Time(std::chrono::milliseconds(1'700'000'000'123)), &parameters, &outputs};
  return resolve(json::parse(written), scope, "inputs");
}

struct Case {
  std::string name;
  std::string written;
  std::string value;
};
void PrintTo(const Case& one, std::ostream* out) {
  *out << one.written;
}
class Resolves : public testing::TestWithParam<Case> {};

TEST_P(Resolves, to) {
  const auto value = resolved(GetParam().written);
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ(json::serialize(*value), GetParam().value);
}

INSTANTIATE_TEST_SUITE_P(
    References, Resolves,
    testing::Values(
        Case{"text", R"("{{ Text }}")", R"("a\"b")"}, Case{"without_blanks", R"("{{Count}}")", "3"},
        Case{"whole_integer_keeps_its_type", R"("{{ Count }}")", "3"}, Case{"whole_boolean", R"("{{ Flag }}")", "true"},
        Case{"whole_list", R"("{{ List }}")", R"(["x","y"])"}, Case{"whole_map", R"("{{ Map }}")", R"({"k":"v"})"},
        Case{"empty_text_is_a_value", R"("{{ Empty }}")", R"("")"},
        Case{"a_list_in_a_list_is_spliced", R"(["a", "{{ List }}", "b"])", R"(["a","x","y","b"])"},
        Case{"a_literal_list_in_a_list_is_not", R"([["a"], "{{ List }}"])", R"([["a"],"x","y"])"},
        Case{"an_embedded_list_is_no_list", R"(["{{ List }} "])", R"(["[\"x\",\"y\"] "])"},
        Case{"embedded_text_is_not_escaped", R"("{\"m\":\"{{ Text }}\"}")", R"("{\"m\":\"a\"b\"}")"},
        Case{"embedded_values_are_json", R"("{{ Count }}/{{ Flag }}/{{ List }}/{{ Map }}")",
             R"("3/true/[\"x\",\"y\"]/{\"k\":\"v\"}")"},
        Case{"two_side_by_side_are_text", R"("{{ Count }}{{ Count }}")", R"("33")"},
        Case{"a_blank_around_makes_text", R"(" {{ Count }}")", R"(" 3")"},
        Case{"what_was_put_in_is_not_read_again", R"("{{ Braces }}")", R"("{{ Text }}")"},
        Case{"closing_braces_alone_are_text", R"("{\"a\":{\"b\":\"{{ Count }}\"}}")", R"("{\"a\":{\"b\":\"3\"}}")"},
        Case{"deep", R"({"a": [{"b": "{{ Make.Id }}"}], "n": null, "f": 1.5})",
             R"({"a":[{"b":"i-1"}],"n":null,"f":1.5E0})"},
        Case{"date", R"("{{ global:DATE }}")", R"("2023-11-14")"},
        Case{"date_time", R"("{{ global:DATE_TIME }}")", R"("2023-11-14_22.13.20")"},
        Case{"region", R"("{{global:REGION}}/{{global:ACCOUNT_ID}}/{{global:AWS_PARTITION}}")",
             R"("local/000000000000/aws")"},
        Case{"execution", R"("{{ automation:EXECUTION_ID }}")", R"("01890000-0000-7000-8000-000000000001")"}),
    [](const auto& info) { return info.param.name; });

TEST(References, an_unset_value_is_an_error_that_names_its_place) {
  for (const auto* written : {R"({"a": ["x", "{{ Make.Nothing }}"]})", R"({"a": ["x", "b {{ Make.Nothing }}"]})"}) {
    const auto value = resolved(written);
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().code, "UnsetReference");
    EXPECT_EQ(value.error().message, "{{ Make.Nothing }} in inputs/a/1 has no value");
  }
  EXPECT_FALSE(resolved(R"("{{ Other.Id }}")"));
  EXPECT_FALSE(resolved(R"("{{ NoParameter }}")"));
}

TEST(References, what_is_no_reference_is_refused_by_code) {
  EXPECT_EQ(split_references("{{ a b }}").error().code, "E-REF");
  EXPECT_EQ(split_references("{{ a.b.c }}").error().code, "E-REF");
  EXPECT_EQ(split_references("{{ }}").error().code, "E-REF");
  EXPECT_EQ(split_references("{{ other:X }}").error().code, "E-REF");
  EXPECT_EQ(split_references("{{ a {{ b }} }}").error().code, "E-NEST");
  EXPECT_EQ(split_references("x {{ a").error().code, "E-NEST");
  EXPECT_EQ(split_references("{{ RESOURCE_ID }}").error().code, "E-PSEUDO");
  EXPECT_EQ(split_references("no { braces } }} at all")->size(), 1u);
}

TEST(References, a_reference_prints_as_it_is_written) {
  for (const auto* text : {"{{ A }}", "{{ A.B }}", "{{ global:DATE }}", "{{ automation:EXECUTION_ID }}",
                           "{{ variable:V }}", "{{ ssm:/a/b }}"}) {
    EXPECT_EQ(std::get<Reference>(split_references(text)->at(0)).text(), text);
  }
}

}  // namespace
}  // namespace slipway::workflow
