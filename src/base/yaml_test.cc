#include "base/yaml.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace slipway::base {
namespace {

std::string json(std::string_view text, const YamlOptions& options = {}) {
  auto node = parse_yaml(text, options);
  return node ? boost::json::serialize(node->to_json()) : "error: " + node.error().message;
}

TEST(Yaml, ReadsTheCoreTypes) {
  EXPECT_EQ(json("{a: 1, b: 1.5, c: true, d: ~, e: x, f: '1', g: [1, two]}"),
            R"({"a":1,"b":1.5E0,"c":true,"d":null,"e":"x","f":"1","g":[1,"two"]})");
  EXPECT_EQ(json("[-3, +4, 007, 1e3, 1.2.3, 2024-01-01, 0x10, '', yes]"),
            R"([-3,4,7,1E3,"1.2.3","2024-01-01","0x10","","yes"])");
}

TEST(Yaml, ReadsOldBooleansWhereAsked) {
  EXPECT_EQ(json("[yes, Off]", {.yaml_1_1 = true}), "[true,false]");
}

TEST(Yaml, KeepsLineAndColumnOfValuesAndKeys) {
  auto node = parse_yaml("a: 1\nb:\n  c: [x]\n");
  ASSERT_TRUE(node);
  EXPECT_EQ(node->members[1].mark.line, 2);
  EXPECT_EQ(node->find("b")->find("c")->mark.line, 3);
  EXPECT_EQ(node->find("b")->find("c")->mark.column, 6);
}

TEST(Yaml, RefusesADuplicateKeyWhereItStands) {
  EXPECT_EQ(json("a: 1\nb: 2\na: 3\n"), "error: line 3, column 1: Duplicate key found: a");
}

TEST(Yaml, ReportsASyntaxErrorWhereItStands) {
  EXPECT_EQ(json("a: [1, 2\nb: 3\n").substr(0, 12), "error: line ");
}

TEST(Yaml, ExpandsAliases) {
  EXPECT_EQ(json("a: &x [1]\nb: *x\n"), R"({"a":[1],"b":[1]})");
}

TEST(Yaml, RefusesAnAliasBomb) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j) text += "*a" + std::to_string(i - 1) + ", ";
    text += "]\n";
  }
  EXPECT_NE(json(text, {.aliases = 100'000}).find("more than 100000 values"), std::string::npos);
  EXPECT_NE(json(text, {.aliases = 5}).find("more than 5 aliases"), std::string::npos);
}

TEST(Yaml, RefusesAnAliasToItself) {
  EXPECT_NE(json("a: &x [*x]\n").find("still open"), std::string::npos);
}

TEST(Yaml, RefusesDepthAlsoThroughAliases) {
  EXPECT_NE(json(std::string(200, '[') + std::string(200, ']')).find("nested deeper than 64"), std::string::npos);
  EXPECT_NE(json("a: &x [[[1]]]\nb: [[*x]]\n", {.depth = 5}).find("nested deeper"), std::string::npos);
  EXPECT_EQ(json("a: &x [[1]]\nb: [*x]\n", {.depth = 5}), R"({"a":[[1]],"b":[[[1]]]})");
}

TEST(Yaml, RefusesTagsNulBytesSecondDocumentsAndStructuredKeys) {
  EXPECT_NE(json("a: !!python/object x\n").find("tag"), std::string::npos);
  EXPECT_NE(json(std::string_view("a\0b", 3)).find("NUL"), std::string::npos);
  EXPECT_NE(json("a: 1\n---\nb: 2\n").find("more than one"), std::string::npos);
  EXPECT_NE(json("? [a]\n: 1\n").find("key"), std::string::npos);
}

TEST(Yaml, ReadsNothingAsNull) {
  EXPECT_EQ(json(""), "null");
}

TEST(Yaml, ReadsJson) {
  EXPECT_EQ(json(R"({"a": "x\ny", "b": [1, {"c": null}]})"), R"({"a":"x\ny","b":[1,{"c":null}]})");
}

}  // namespace
}  // namespace slipway::base
