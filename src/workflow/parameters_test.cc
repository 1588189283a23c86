#include "workflow/parameters.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "workflow/document_fixture.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;

constexpr std::string_view kDocument = R"(schemaVersion: '0.3'
parameters:
  Name: {type: String, allowedPattern: '^[a-z]{2,5}$', maxChars: 4}
  Size: {type: String, default: small, allowedValues: [small, large]}
  Count: {type: Integer, default: 3, minValue: 1, maxValue: 9}
  Fast: {type: Boolean, default: false}
  Zones: {type: StringList, default: [a], allowedValues: [a, b, c], maxItems: 2}
  Tags: {type: StringMap, default: '{"k": "v"}'}
  Disks: {type: MapList, default: [{size: 1}]}
  Where: {type: String, default: 'in {{ global:REGION }}'}
  AdminPassword: {type: String, default: ''}
  Bucket: {type: 'AWS::S3::Bucket::Name', default: b}
mainSteps: [{name: A, action: 'local:do', inputs: {}}]
)";

base::Result<json::object> bound(std::string_view given) {
  static const auto plan = plan_of(kDocument);
  Identity identity;
  identity.region = "local";
  return bind_parameters(*plan, json::parse(given).as_object(), identity, {});
}

std::string refused(std::string_view given) {
  const auto values = bound(given);
  return values ? "accepted" : values.error().code + ": " + values.error().message;
}

TEST(ParameterValues, defaults_fill_what_is_not_given) {
  const auto values = bound(R"({"Name": "abc", "Count": 4})");
  ASSERT_TRUE(values) << values.error().message;
  EXPECT_EQ(
      json::serialize(*values),
      R"({"Name":"abc","Size":"small","Count":4,"Fast":false,"Zones":["a"],"Tags":{"k":"v"},"Disks":[{"size":1}],)"
      R"("Where":"in local","AdminPassword":"","Bucket":"b"})");
}

TEST(ParameterValues, are_not_nested_deeper_than_what_is_kept_can_be_read) {
  const auto nested = [](int levels) {
    const auto lists = static_cast<std::size_t>(levels - 1);
    return R"({"Name": "abc", "Tags": {"k": )" + std::string(lists, '[') + std::string(lists, ']') + "}}";
  };
  EXPECT_EQ(refused(nested(20)), "accepted");
  EXPECT_NE(refused(nested(21)).find("nested deeper than 20 levels"), std::string::npos);
}

TEST(ParameterValues, all_violations_come_at_once_unknown_and_missing_first) {
  EXPECT_EQ(refused(R"({"Count": 10, "Nme": "x", "Fast": "yes", "Size": "huge", "Zones": ["a", "d", "b"]})"),
            "InvalidParameters: Nme: document test.yaml has no such parameter; Name: a value is required; "
            "Size: \"huge\" is not one of [\"small\",\"large\"]; Count: 10 is out of bounds, maxValue is 9; "
            "Fast: \"yes\" is not of type Boolean; Zones: \"d\" is not one of [\"a\",\"b\",\"c\"]; "
            "Zones: 3 items, maxItems is 2");
}

TEST(ParameterValues, a_pattern_is_matched_against_the_whole_value) {
  EXPECT_EQ(
      refused(R"({"Name": "abcdef"})"),
      "InvalidParameters: Name: \"abcdef\" does not match the pattern ^[a-z]{2,5}$; Name: 6 characters, maxChars is 4");
  EXPECT_EQ(refused(R"({"Name": "ab\n"})").substr(0, 17), "InvalidParameters") << "a $ does not pass a newline by";
}

TEST(ParameterValues, types_are_strict) {
  EXPECT_NE(refused(R"({"Name": 5})"), "accepted");
  EXPECT_NE(refused(R"({"Name": "abc", "Count": 3.5})"), "accepted");
  EXPECT_NE(refused(R"({"Name": "abc", "Zones": "a"})"), "accepted");
  EXPECT_NE(refused(R"({"Name": "abc", "Tags": []})"), "accepted");
  EXPECT_NE(refused(R"({"Name": "abc", "Disks": ["x"]})"), "accepted");
}

TEST(ParameterValues, a_sensitive_value_is_neither_in_the_error_nor_in_the_mask) {
  const auto error = refused(R"({"Name": "abc", "AdminPassword": 123456})");
  EXPECT_EQ(error.find("123456"), std::string::npos) << error;
  const auto plan = plan_of(kDocument);
  const auto masked = mask_parameters(*plan, json::parse(R"({"Name": "abc", "AdminPassword": "hush"})").as_object());
  EXPECT_EQ(json::serialize(masked), R"({"Name":"abc","AdminPassword":"********"})");
  EXPECT_TRUE(is_sensitive("clientSecret"));
  EXPECT_TRUE(is_sensitive("AccessToken"));
  EXPECT_FALSE(is_sensitive("TerminateToken"));
}

TEST(ParameterValues, more_than_64_KiB_are_refused) {
  EXPECT_NE(refused(R"({"Name": "abc", "Bucket": ")" + std::string(70'000, 'x') + R"("})"), "accepted");
}

TEST(Patterns, look_around_and_word_bounds_work) {
  EXPECT_TRUE(*Pattern::compile("^(?!-)\\bab.*(?<!x)$")->matches("abc"));
  EXPECT_FALSE(*Pattern::compile("^(?!-)\\bab.*(?<!x)$")->matches("abx"));
  EXPECT_TRUE(*Pattern::compile("a|ab")->matches("ab")) << "the whole value may match by any alternative";
  EXPECT_FALSE(*Pattern::compile("\\d+")->matches("a1"));
}

TEST(Patterns, a_catastrophic_pattern_is_stopped) {
  const auto pattern = Pattern::compile("^(a+)+$");
  ASSERT_TRUE(pattern);
  const auto matched = pattern->matches(std::string(60, 'a') + "b");
  EXPECT_FALSE(matched && *matched);
}

TEST(Patterns, text_that_is_not_utf8_is_an_error) {
  EXPECT_FALSE(Pattern::compile(".*")->matches("\xC3\x28"));
}

}  // namespace
}  // namespace slipway::workflow
