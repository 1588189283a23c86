#include "workflow/selector.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace slipway::workflow {
namespace {

namespace json = boost::json;

const json::value& answer() {
  static const auto value = json::parse(R"({
    "RecordDetail": {"RecordId": "rec-1", "Nothing": null, "Count": 3, "Share": 0.5, "Whole": 4.0, "Done": true},
    "Items": [{"Id": "a", "Tags": {"Id": "t"}}, {"Id": null}, {"Id": "c"}],
    "With.dot": {"it's": 1},
    "Names": ["x", 2, true, {"Code": "E"}, null]})");
  return value;
}

std::string selected(std::string_view selector) {
  const auto parsed = parse_selector(selector);
  if (!parsed) return parsed.error().code + ": " + parsed.error().message;
  const auto value = select(*parsed, answer());
  return value ? json::serialize(*value) : "unset";
}

TEST(Selector, finds_what_stands_there) {
  EXPECT_EQ(selected("$"), json::serialize(answer()));
  EXPECT_EQ(selected("$.RecordDetail.RecordId"), R"("rec-1")");
  EXPECT_EQ(selected("RecordDetail.RecordId"), R"("rec-1")") << "without the leading $.";
  EXPECT_EQ(selected("$['RecordDetail'][\"RecordId\"]"), R"("rec-1")");
  EXPECT_EQ(selected("$['With.dot']['it\\'s']"), "1");
  EXPECT_EQ(selected("$.Items[0].Id"), R"("a")");
  EXPECT_EQ(selected("$.Items[-1].Id"), R"("c")");
}

TEST(Selector, nothing_and_null_are_unset) {
  for (const auto* nowhere : {"$.RecordDetail.Nothing", "$.RecordDetail.Missing", "$.Items[3]", "$.Items[-4]",
                              "$.Items.Id", "$.RecordDetail[0]", "$.RecordDetail.RecordId.More"}) {
    EXPECT_EQ(selected(nowhere), "unset") << nowhere;
  }
}

TEST(Selector, a_deep_scan_and_every_element_give_a_list) {
  EXPECT_EQ(selected("$..Id"), R"(["a","t","c"])") << "in the order of the answer, without nulls";
  EXPECT_EQ(selected("$..['RecordId']"), R"(["rec-1"])");
  EXPECT_EQ(selected("$..Items[0].Id"), R"(["a"])") << "also what follows one";
  EXPECT_EQ(selected("$.Items[*].Id"), R"(["a","c"])");
  EXPECT_EQ(selected("$..Missing"), "[]");
  EXPECT_EQ(selected("$.Missing[*]"), "[]");
}

TEST(Selector, refuses_what_is_not_in_the_subset_and_says_where) {
  const std::pair<std::string_view, std::string_view> refused[] = {
      {"", "character 1: it is empty"},
      {"$.", "character 3: a name is missing"},
      {"$x", "character 2: 'x' is not expected"},
      {"$.a b", "character 4: ' ' is not expected"},
      {"$.*", "character 3: a name is missing"},
      {"$..*", "character 4: a name is missing"},
      {"$..[0]", "character 5: a deep scan needs a name"},
      {"$.a[0:2]", "character 6: slices"},
      {"$.a[:2]", "character 5: slices"},
      {"$.a[?(@.b == 1)]", "character 5: filters"},
      {"$.a[(@.length-1)]", "character 5: filters"},
      {"$.a.length()", "character 11: functions"},
      {"$.a[0,1]", "character 6: lists of names"},
      {"$['a','b']", "character 6: lists of names"},
      {"$.a[", "character 5: an index is missing"},
      {"$.a[0", "character 6: ']' is missing"},
      {"$['a", "does not end"},
      {"$.a[99999999999999999999]", "an index is missing"},
  };
  for (const auto& [selector, says] : refused) {
    const auto parsed = parse_selector(selector);
    ASSERT_FALSE(parsed) << selector;
    EXPECT_EQ(parsed.error().code, "E-SEL") << selector;
    EXPECT_NE(parsed.error().message.find(says), std::string::npos) << parsed.error().message;
  }
}

TEST(Selector, is_at_most_64_parts_long) {
  std::string most = "$";
  for (int i = 0; i < 64; ++i) most += ".a";
  EXPECT_TRUE(parse_selector(most));
  EXPECT_FALSE(parse_selector(most + ".a"));
}

base::Result<json::object> outputs(std::string_view selector, Type type) {
  return select_outputs({{"Out", *parse_selector(selector), type}}, answer().as_object());
}

TEST(SelectedOutputs, are_converted_by_the_table) {
  struct {
    std::string_view selector;
    Type type;
    std::string_view gives;
  } cases[] = {
      {"$.RecordDetail.RecordId", Type::string, R"("rec-1")"},
      {"$.RecordDetail.Count", Type::string, R"("3")"},
      {"$.RecordDetail.Share", Type::string, R"("0.5")"},
      {"$.RecordDetail.Done", Type::string, R"("true")"},
      {"$.Items[0]", Type::string, R"("{\"Id\":\"a\",\"Tags\":{\"Id\":\"t\"}}")"},
      {"$.RecordDetail.Count", Type::integer, "3"},
      {"$.RecordDetail.Whole", Type::integer, "4"},
      {"$.RecordDetail.Done", Type::boolean, "true"},
      {"$.Names", Type::string_list, R"(["x","2","true","{\"Code\":\"E\"}","null"])"},
      {"$.RecordDetail.RecordId", Type::string_list, R"(["rec-1"])"},
      {"$.Items[0].Tags", Type::string_map, R"({"Id":"t"})"},
      {"$.Items", Type::map_list, R"([{"Id":"a","Tags":{"Id":"t"}},{"Id":null},{"Id":"c"}])"},
  };
  for (const auto& one : cases) {
    const auto selected = outputs(one.selector, one.type);
    ASSERT_TRUE(selected) << one.selector << ": " << selected.error().message;
    EXPECT_EQ(json::serialize(selected->at("Out")), one.gives) << one.selector << " as " << to_string(one.type);
  }
}

TEST(SelectedOutputs, that_become_text_though_they_are_none_are_told) {
  std::vector<std::string> notes;
  ASSERT_TRUE(select_outputs({{"Out", *parse_selector("$.Items[0]"), Type::string},
                              {"Plain", *parse_selector("$.RecordDetail.Count"), Type::string}},
                             answer().as_object(), &notes));
  EXPECT_EQ(notes, std::vector<std::string>{"output Out is a String, and $.Items[0] selects a map: its JSON was "
                                            "taken"});
}

TEST(SelectedOutputs, without_a_value_are_absent) {
  for (const auto type : {Type::string, Type::integer, Type::string_list, Type::map_list}) {
    const auto selected = outputs("$.RecordDetail.Nothing", type);
    ASSERT_TRUE(selected);
    EXPECT_TRUE(selected->empty());
  }
}

TEST(SelectedOutputs, of_another_type_fail) {
  const std::pair<std::string_view, Type> wrong[] = {
      {"$.RecordDetail.RecordId", Type::integer},
      {"$.RecordDetail.Share", Type::integer},
      {"$.RecordDetail.RecordId", Type::boolean},
      {"$.RecordDetail.Count", Type::boolean},
      {"$.RecordDetail", Type::string_list},
      {"$.Items", Type::string_map},
      {"$.RecordDetail.RecordId", Type::string_map},
      {"$.Names", Type::map_list},
      {"$.Items[0]", Type::map_list},
  };
  for (const auto& [selector, type] : wrong) {
    const auto selected = outputs(selector, type);
    ASSERT_FALSE(selected) << selector << " as " << to_string(type);
    EXPECT_EQ(selected.error().code, "OutputTypeMismatch");
    EXPECT_NE(selected.error().message.find("output Out"), std::string::npos) << selected.error().message;
  }
}

}  // namespace
}  // namespace slipway::workflow
