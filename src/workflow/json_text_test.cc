#include "workflow/json_text.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace slipway::workflow {
namespace {

namespace json = boost::json;

const json::object& parameters() {
  static const auto values = json::parse(R"({"Text": "it said \"no\"\n", "Ids": ["a", "b"], "Count": 3})").as_object();
  return values;
}

base::Result<ResolvedInputs> resolved(json::object inputs) {
  static const Identity identity;
  return resolve_inputs(inputs, Scope{identity, {}, &parameters(), nullptr});
}

std::string member(std::string_view name, std::string_view text) {
  const auto result = resolved({{name, text}});
  return result ? std::string(result->value.at(name).as_string()) : result.error().message;
}

TEST(JsonText, a_value_with_quotes_does_not_break_an_event) {
  const auto result = resolved(
      {{"Entries", json::array{{{"DetailType", "Launch"}, {"Detail", R"({"Why": "{{ Text }}", "Ids": {{ Ids }}})"}}}}});
  ASSERT_TRUE(result) << result.error().message;
  const auto detail = json::parse(result->value.at("Entries").at(0).at("Detail").as_string());
  EXPECT_EQ(detail.at("Why").as_string(), "it said \"no\"\n");
  EXPECT_EQ(detail.at("Ids"), (json::value{"a", "b"})) << "a list stands unquoted";
  ASSERT_EQ(result->notes.size(), 1u);
  EXPECT_NE(result->notes[0].find("were escaped"), std::string::npos);
  EXPECT_NE(result->notes[0].find("inputs/Entries/0/Detail"), std::string::npos);
}

TEST(JsonText, what_is_json_already_or_is_none_anyway_stays_as_it_is) {
  EXPECT_EQ(member("Detail", R"({"n": {{ Count }}})"), R"({"n": 3})");
  EXPECT_EQ(member("Text", R"({"Why": "{{ Text }}"})"), "{\"Why\": \"it said \"no\"\n\"}") << "holds no JSON";
  EXPECT_EQ(member("Detail", "said {{ Text }}"), "said it said \"no\"\n");
  EXPECT_EQ(member("Detail", "{ {{ Text }} }"), "{ it said \"no\"\n }") << "escaping does not help";
  EXPECT_EQ(member("Detail", "{{ Text }}"), "it said \"no\"\n") << "the value itself";
}

TEST(JsonText, everything_else_is_as_resolve_does_it) {
  const auto result = resolved({{"List", json::array{"{{ Ids }}", "c", json::array{"{{ Count }}"}}}, {"N", 1}});
  ASSERT_TRUE(result);
  EXPECT_EQ(json::serialize(result->value), R"({"List":["a","b","c",[3]],"N":1})");
  const auto unset = resolved({{"List", json::array{"{{ Nothing }}"}}});
  ASSERT_FALSE(unset);
  EXPECT_EQ(unset.error().code, "UnsetReference");
  EXPECT_NE(unset.error().message.find("inputs/List/0"), std::string::npos) << unset.error().message;
}

}  // namespace
}  // namespace slipway::workflow
