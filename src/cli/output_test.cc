#include "cli/output.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/yaml.h"
#include "cli/progress.h"
#include "cli/table.h"

namespace slipway::cli {
namespace {

namespace json = boost::json;

TEST(Table, AlignsItsColumnsAndMarksEmptyCells) {
  Table table({"NAME", "STATUS"});
  table.add({"a", "CREATE_COMPLETE"});
  table.add({"longer-name", ""});
  EXPECT_EQ(table.text(),
            "NAME         STATUS\n"
            "a            CREATE_COMPLETE\n"
            "longer-name  -\n");
}

TEST(Table, CountsLettersAndNotBytes) {
  Table table;
  table.add({"größe", "1"});
  table.add({"a", "2"});
  EXPECT_EQ(table.text(), "größe  1\na      2\n");
}

TEST(Output, GivesOneAnswerInFourForms) {
  View view{.data = json::parse(R"({"a":[1,{"b":"x"}],"c":{},"d":[]})"), .table = "T\n", .names = {"n1", "n2"}};
  EXPECT_EQ(render(view, "table"), "T\n");
  EXPECT_EQ(render(view, "name"), "n1\nn2\n");
  EXPECT_EQ(render(view, "json"),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x\"\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}\n");
  EXPECT_EQ(render(view, "yaml"), "a:\n  - 1\n  - b: x\nc: {}\nd: []\n");
}

TEST(Output, PrintsJsonThatReadsAsTheSameValue) {
  auto value = json::parse(R"({"quote \" in key":"line\nend","n":-1.5,"t":true,"z":null,"nested":[[],[[]]]})");
  EXPECT_EQ(json::parse(pretty_json(value)), value);
}

TEST(Output, KeepsTextsThatLookLikeSomethingElseAsTextsInYaml) {
  for (std::string text :
       {"true", "no",  "on",  "null",           "~",     "12",   "0x1f", "1e3", "2021-04-30", "",     " padded ",
        "a: b", "a#b", "- a", "tab\tand\nline", "*star", "&and", "%x",   "@x",  "größe",      "plain"}) {
    json::value value = json::object{{"key", text}};
    auto read = base::parse_yaml(to_yaml(value), {.yaml_1_1 = true});
    ASSERT_TRUE(read) << text << ": " << to_yaml(value);
    EXPECT_EQ(read->to_json(), value) << to_yaml(value);
  }
}

TEST(Output, LooksIntoAnAnswerWithoutTrippingOverWhatIsMissing) {
  auto value = json::parse(R"({"a":{"b":"x"},"n":3,"z":null,"l":[1]})");
  EXPECT_EQ(text_at(value, "/a/b"), "x");
  EXPECT_EQ(text_at(value, "/n"), "3");
  EXPECT_EQ(text_at(json::value(0.2), ""), "0.2");
  EXPECT_EQ(text_at(value, "/z"), "");
  EXPECT_EQ(text_at(value, "/no/such"), "");
  EXPECT_EQ(items_at(value, "/l").size(), 1u);
  EXPECT_TRUE(items_at(value, "/a").empty());
}

TEST(Output, ShowsTimesAndDurationsForPeople) {
  EXPECT_EQ(readable_time("2021-04-30T12:34:56.789Z"), "2021-04-30 12:34:56 UTC");
  EXPECT_EQ(readable_time("yesterday"), "yesterday");
  EXPECT_EQ(readable_duration(std::chrono::milliseconds(340)), "0.3 s");
  EXPECT_EQ(readable_duration(std::chrono::seconds(185)), "3 min 05 s");
}

}  // namespace
}  // namespace slipway::cli
