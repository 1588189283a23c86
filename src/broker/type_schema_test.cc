// The published schema and the reader say the same of what one file can show: for every example both accept it, or both
// refuse it. Every key of the schema stands in an example that is accepted.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "base/yaml.h"
#include "broker/type_reader.h"

namespace slipway::broker {
namespace {

namespace json = boost::json;
using valijson::adapters::BoostJsonAdapter;

constexpr std::string_view kWhole = R"(name: thing
title: A thing
description: Of some *kind*.
icon: icon.svg
parameters:
  Mode: {type: String, default: plain, allowedValues: [plain, full], title: How, description: Long., sensitive: false}
  Name: {type: String, allowedPattern: '^[a-z]+$', minChars: 1, maxChars: 9, displayType: x, interpolationType: y}
  Size: {type: Integer, default: 1, minValue: 0, maxValue: 9}
  All: {type: StringList, default: [], minItems: 0, maxItems: 3}
  Extra: {type: String, default: '', when: {Variable: '{{ Mode }}', StringEquals: full}}
  More: {type: String, default: '', when: {And: [{Not: {Variable: '{{ Size }}', NumericEquals: 3}},
    {Or: [{Variable: '{{ Size }}', NumericGreater: 1}, {Variable: '{{ Size }}', NumericGreaterOrEquals: 1}]},
    {Variable: '{{ Size }}', NumericLesser: 9}, {Variable: '{{ Size }}', NumericLesserOrEquals: 9},
    {Variable: '{{ Mode }}', EqualsIgnoreCase: x}, {Variable: '{{ Mode }}', StartsWith: x},
    {Variable: '{{ Mode }}', EndsWith: x}, {Variable: '{{ Mode }}', Contains: x},
    {Variable: 'true', BooleanEquals: true}]}}
configurations: {BIG: {title: Big, description: Many., parameters: {Size: 8}}}
documents:
  local: {launch: d.yaml, terminate: d.yaml, start: d.yaml, stop: d.yaml, connect: d.yaml, children: [d.yaml]}
data: {table: t.yaml}
connection: {keys: {Url: {title: Page, secret: true, proxied: true}}, instruction: Open it.}
endpoint: {secret: key, authorization: Bearer, prefix: true}
status: {machine: {status: State, instance: Name, alternates: {Running: COMPLETED}}}
instance: {id: Id, arn: Arn, role: Role}
idle: {after: '{{ Size }}', action: stop, activity: {http: [
  {path: '/api/status', last: last_activity}, {path: '/api/kernels?a=b', busy: {select: '$..state', equals: busy}}]}}
timeToLive: {default: 7d, most: 30d, warn: 1h, action: terminate}
test: {configuration: BIG, parameters: {Size: 3}, keeps: notes/kept.txt}
)";

// What stands in the place of `was`.
struct Change {
  std::string_view was, is;
};

constexpr Change kAccepted[] = {
    {"", ""},
    {"type: StringList", "type: 'List<AWS::EC2::Instance::Id>'"},
    {"after: '{{ Size }}'", "after: 60"},
    {"{machine: {status: State, instance: Name, alternates: {Running: COMPLETED}}}", "s.yaml"},
    {"instance: {id: Id, arn: Arn, role: Role}\n", ""},
    {"warn: 1h", "warn: '0'"},
};

constexpr Change kRefused[] = {
    {"name: thing\n", ""},
    {"name: thing\n", "name: Thing\n"},
    {"title: A thing", "title: [A thing]"},
    {"title: A thing", "titel: A thing"},
    {"type: StringList", "type: Strings"},
    {"{type: Integer, default: 1, minValue: 0, maxValue: 9}", "{default: 1}"},
    {"{type: Integer, default: 1, minValue: 0, maxValue: 9}", "Integer"},
    {"minValue: 0", "minValue: few"},
    {"minItems: 0", "minItems: -1"},
    {"sensitive: false", "sensitive: perhaps"},
    {"sensitive: false", "secret: false"},
    {"allowedValues: [plain, full]", "allowedValues: []"},
    {"allowedValues: [plain, full]", "allowedValues: plain"},
    {"StringEquals: full", "StringsEqual: full"},
    {"StringEquals: full", "StringEquals: [full]"},
    {"{Variable: '{{ Mode }}', StringEquals: full}", "always"},
    {"{Variable: '{{ Mode }}', StringEquals: full}", "{}"},
    {"{Variable: '{{ Mode }}', StringEquals: full}", "{And: []}"},
    {"{Variable: '{{ Mode }}', StringEquals: full}", "{Not: [x]}"},
    {"parameters: {Size: 8}", "parameters: [Size]"},
    {"title: Big", "heading: Big"},
    {"terminate: d.yaml", "destroy: d.yaml"},
    {"launch: d.yaml, ", ""},
    {"children: [d.yaml]", "children: d.yaml"},
    {"documents:\n", "papers:\n"},
    {"data: {table: t.yaml}", "data: [t.yaml]"},
    {"secret: true", "hidden: true"},
    {"keys: {Url: {title: Page, secret: true, proxied: true}}", "keys: [Url]"},
    {"proxied: true", "proxied: sometimes"},
    {"secret: key", "password: key"},
    {"authorization: Bearer", "authorization: Bearer of it"},
    {"prefix: true", "prefix: /here"},
    {"status: State, ", ""},
    {"status: State", "state: State"},
    {"Running: COMPLETED", "Running: RUNNING"},
    {"role: Role", "rule: Role"},
    {"after: '{{ Size }}', ", ""},
    {"after: '{{ Size }}'", "after: -1"},
    {"after: '{{ Size }}'", "after: soon"},
    {"action: stop", "action: pause"},
    {"activity: {http: [", "activity: {https: ["},
    {"path: '/api/status'", "path: api/status"},
    {"path: '/api/status'", "path: '/api status'"},
    {"path: '/api/status', ", ""},
    {"last: last_activity", "least: last_activity"},
    {", last: last_activity", ""},
    {", equals: busy", ""},
    {"equals: busy", "equals: [busy]"},
    {"default: 7d", "default: a week"},
    {"most: 30d", "longest: 30d"},
    {"configuration: BIG", "settings: BIG"},
};

std::string changed(Change change) {
  std::string text(kWhole);
  const auto at = text.find(change.was);
  EXPECT_NE(at, std::string::npos) << change.was;
  return text.replace(at, change.was.size(), change.is);
}

class TypeSchema : public testing::Test {
 protected:
  TypeSchema() {
    std::ifstream file("types/type.schema.json");
    std::ostringstream read;
    read << file.rdbuf();
    source = json::parse(read.str());
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.populateSchema(BoostJsonAdapter(source), schema);
  }

  bool schema_accepts(const std::string& text) {
    const auto type = base::parse_yaml(text).value().to_json();
    valijson::Validator validator(valijson::Validator::kStrongTypes);
    return validator.validate(schema, BoostJsonAdapter(type), nullptr);
  }

  // Whether the reader finds nothing of what one file can show.
  testing::AssertionResult reader_accepts(const std::string& text) {
    const TypeFiles files{.name = "thing",
                          .files = {{"type.yaml", text},
                                    {"d.yaml",
                                     "schemaVersion: '0.3'\nmainSteps:\n  - {name: W, action: 'aws:sleep', "
                                     "inputs: {Duration: PT1S}, isEnd: true}\n"},
                                    {"t.yaml", "{}"},
                                    {"icon.svg", "<svg/>"},
                                    {"s.yaml", "{}"}}};
    // Only the other files show these.
    const std::set<std::string_view> across{"E-CONNECT", "E-CONNECTION", "E-INSTANCE"};
    for (const auto& problem : read_type(files, {}).problems) {
      if (!problem.warning() && !across.contains(problem.code)) {
        return testing::AssertionFailure() << workflow::to_string(problem);
      }
    }
    return testing::AssertionSuccess();
  }

  json::value source;
  valijson::Schema schema;
};

TEST_F(TypeSchema, BothAccept) {
  for (const auto& change : kAccepted) {
    SCOPED_TRACE(change.is);
    EXPECT_TRUE(schema_accepts(changed(change)));
    EXPECT_TRUE(reader_accepts(changed(change)));
  }
}

TEST_F(TypeSchema, BothRefuse) {
  for (const auto& change : kRefused) {
    SCOPED_TRACE(change.is);
    EXPECT_FALSE(schema_accepts(changed(change)));
    EXPECT_FALSE(reader_accepts(changed(change)));
  }
}

void collect_properties(const json::value& schema, std::set<std::string>& names) {
  if (schema.is_array()) {
    for (const auto& item : schema.get_array()) collect_properties(item, names);
  }
  if (!schema.is_object()) return;
  for (const auto& [key, value] : schema.get_object()) {
    if (key == "properties" && value.is_object()) {
      for (const auto& [name, inner] : value.get_object()) names.insert(name);
    }
    collect_properties(value, names);
  }
}

TEST_F(TypeSchema, TheExampleHasEveryKey) {
  std::set<std::string> names;
  collect_properties(source, names);
  EXPECT_GT(names.size(), 50u);
  for (const auto& name : names) EXPECT_THAT(kWhole, testing::HasSubstr(name + ":")) << name;
}

TEST_F(TypeSchema, BuiltInTypesFollowIt) {
  for (const auto& entry : std::filesystem::directory_iterator("types")) {
    std::ifstream file(entry.path() / "type.yaml");
    std::ostringstream text;
    text << file.rdbuf();
    if (file) EXPECT_TRUE(schema_accepts(text.str())) << entry.path();
  }
}

}  // namespace
}  // namespace slipway::broker
