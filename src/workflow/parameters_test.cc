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
            "Fast: \"yes\" is not of type Boolean; Size: \"huge\" is not one of [\"small\",\"large\"]; "
            "Zones: \"d\" is not one of [\"a\",\"b\",\"c\"]; Count: 10 is out of bounds, maxValue is 9; "
            "Zones: 3 items, maxItems is 2");
}

TEST(ParameterValues, a_pattern_is_matched_against_the_whole_value) {
  EXPECT_EQ(
      refused(R"({"Name": "abcdef"})"),
      "InvalidParameters: Name: \"abcdef\" does not match the pattern ^[a-z]{2,5}$; Name: 6 characters, maxChars is 4");
  EXPECT_EQ(refused(R"({"Name": "ab\n"})").substr(0, 17), "InvalidParameters") << "a $ does not pass a newline by";
}

TEST(ParameterValues, types_are_strict) {
  EXPECT_EQ(refused(R"({"Name": 5})"),
            "InvalidParameters: Name: 5 is not of type String (write it as a JSON string, in double quotes)");
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

TEST(ParameterValues, a_long_value_is_not_repeated_whole) {
  const std::string long_text(50'000, 'x');
  const auto error = refused(R"({"Name": "abc", "Size": ")" + long_text + R"(", ")" + long_text + R"(": 1})");
  EXPECT_LT(error.size(), 500u) << error;
  EXPECT_NE(error.find("\"xxx"), std::string::npos) << error;
  EXPECT_NE(error.find("xxx… is not one of"), std::string::npos) << error;
}

TEST(ParameterValues, more_than_64_KiB_are_refused) {
  EXPECT_NE(refused(R"({"Name": "abc", "Bucket": ")" + std::string(70'000, 'x') + R"("})"), "accepted");
}

TEST(ParameterValues, come_as_lists_of_texts_too) {
  static const auto plan = plan_of(kDocument);
  const auto typed = from_text_lists(*plan, json::parse(R"({
    "Name": ["abc"], "Count": ["4"], "Fast": ["true"], "Zones": ["a", "b"], "Tags": ["{\"k\": \"w\"}"],
    "Disks": ["{\"size\": 1}", "{\"size\": 2}"], "Other": ["x"]})")
                                                .as_object());
  EXPECT_EQ(json::serialize(typed), R"({"Name":"abc","Count":4,"Fast":true,"Zones":["a","b"],"Tags":{"k":"w"},)"
                                    R"("Disks":[{"size":1},{"size":2}],"Other":["x"]})");
  const auto disks = [&](std::string_view texts) {
    return json::serialize(from_text_lists(*plan, {{"Disks", json::parse(texts)}}).at("Disks"));
  };
  EXPECT_EQ(disks(R"(["{\"size\": 1}"])"), R"([{"size":1}])");
  EXPECT_EQ(disks(R"(["[{\"size\": 1}]"])"), R"([{"size":1}])") << "one text of a JSON list";
  const auto one = from_text_lists(*plan, json::parse(R"({"Count": [4], "Fast": [true]})").as_object());
  EXPECT_EQ(json::serialize(one), R"({"Count":4,"Fast":true})") << "as references in a list become";
}

TEST(ParameterValues, texts_that_do_not_fit_are_refused_as_values) {
  static const auto plan = plan_of(kDocument);
  const auto given = json::parse(R"({"Name": ["abc", "d"], "Count": ["4x"], "Tags": ["no"]})").as_object();
  const auto bound_texts = bind_parameters(*plan, from_text_lists(*plan, given), {}, {});
  ASSERT_FALSE(bound_texts);
  for (const auto* name : {"Name: ", "Count: ", "Tags: "}) {
    EXPECT_NE(bound_texts.error().message.find(name), std::string::npos) << bound_texts.error().message;
  }
}

TEST(ParameterValues, json_text_of_a_string_stays_text) {
  const auto values = bound(R"({"Name": "abc", "Bucket": "[{\"a\": 1}]"})");
  ASSERT_TRUE(values);
  EXPECT_TRUE(values->at("Bucket").is_string());
}

class FixedStore final : public ParameterStore {
 public:
  base::Result<json::value> find(std::string_view name) const override {
    if (name == "/image") return json::value("ami-1");
    if (name == "/zones") return json::value(json::array{"a", "b"});
    return base::not_found("there is no parameter " + std::string(name));
  }
};

constexpr std::string_view kStored = R"(schemaVersion: '0.3'
parameters:
  Image: {type: String, default: 'x-{{ ssm:/image }}'}
  Zones: {type: StringList, default: ['{{ ssm:/zones }}', c]}
mainSteps: [{name: A, action: 'local:do', inputs: {}}]
)";

TEST(ParameterStoreValues, stand_in_for_references_of_defaults) {
  const auto plan = plan_of(kStored);
  const FixedStore store;
  const auto values = bind_parameters(*plan, {}, {}, {}, &store);
  ASSERT_TRUE(values) << values.error().message;
  EXPECT_EQ(json::serialize(*values), R"({"Image":"x-ami-1","Zones":["a","b","c"]})");
}

TEST(ParameterStoreValues, without_a_store_the_launch_is_refused_and_says_why) {
  const auto plan = plan_of(kStored);
  const auto values = bind_parameters(*plan, {}, {}, {});
  ASSERT_FALSE(values);
  EXPECT_NE(values.error().message.find("Image: its default needs {{ ssm:/image }}, and there is no Parameter Store"),
            std::string::npos)
      << values.error().message;
  EXPECT_TRUE(bind_parameters(*plan, {{"Image", "i"}, {"Zones", json::array{}}}, {}, {})) << "given, nothing is needed";
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
  const auto slow = Pattern::compile("^(([a-z])+.)+[A-Z]([a-z])+$");
  ASSERT_TRUE(slow);
  const auto tried = slow->matches(std::string(5'000, 'a'));
  ASSERT_FALSE(tried) << "more steps than allowed";
  EXPECT_EQ(tried.error().kind, base::ErrorKind::invalid);
}

TEST(Patterns, text_that_is_not_utf8_is_an_error) {
  EXPECT_FALSE(Pattern::compile(".*")->matches("\xC3\x28"));
}

}  // namespace
}  // namespace slipway::workflow
