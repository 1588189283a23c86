#include "config/reader.h"

#include <gtest/gtest.h>

#include <array>

#include "base/yaml.h"

namespace slipway::config {
namespace {

using namespace std::chrono_literals;

// What a folder would own.
struct Settings {
  std::string name = "broker";
  std::chrono::milliseconds idle{75'000};
  std::size_t body = 1 << 20;
  int connections = 10;
  bool open = false;
  base::Secret token;
  std::vector<std::string> surfaces{"all"};
  int level = 1;
  std::vector<std::string> addresses;
};

constexpr std::array<std::string_view, 3> kLevels{"debug", "info", "error"};

struct Outcome {
  Settings settings;
  std::string mistakes;
  std::string printed;
  std::vector<std::string> unknown;
};

Outcome read(std::string file, std::map<std::string, std::string> environment = {},
             std::map<std::string, std::string> overrides = {}) {
  Reader reader({std::move(file), "s.yaml", std::move(environment), std::move(overrides)});
  Outcome outcome;
  auto& settings = outcome.settings;
  auto root = reader.root();
  root.read("name", settings.name);
  auto http = root.section("http");
  http.read("idle_time", settings.idle, 1s, 24h);
  http.read_bytes("body_limit", settings.body, 1024, 1 << 30);
  http.read("connections", settings.connections, 1, 100);
  http.read("open", settings.open);
  root.read("token", settings.token);
  root.read("surfaces", settings.surfaces);
  root.read_choice("level", settings.level, kLevels);
  for (auto& section : root.sections("listeners")) {
    section.read("address", settings.addresses.emplace_back("127.0.0.1"));
  }
  const auto finished = reader.finish();
  if (!finished) outcome.mistakes = finished.error().message;
  outcome.printed = reader.print();
  const std::vector<std::string> elsewhere{"SLIPWAY_URL"};
  outcome.unknown = reader.unknown_variables(elsewhere);
  return outcome;
}

TEST(Reader, LeavesDefaultsWhereNobodySaysAnything) {
  const auto outcome = read("");
  EXPECT_EQ(outcome.mistakes, "");
  EXPECT_EQ(outcome.settings.name, "broker");
  EXPECT_EQ(outcome.settings.idle, 75s);
}

TEST(Reader, TakesTheFileThenTheEnvironmentThenTheCommandLine) {
  const std::string file = "name: file\nhttp: {idle_time: 5m, body_limit: 16KiB, connections: 3, open: true}\n";
  auto settings = read(file).settings;
  EXPECT_EQ(settings.name, "file");
  EXPECT_EQ(settings.idle, 5min);
  EXPECT_EQ(settings.body, 16'384U);
  EXPECT_EQ(settings.connections, 3);
  EXPECT_TRUE(settings.open);
  settings = read(file, {{"SLIPWAY_NAME", "environment"}, {"SLIPWAY_HTTP_OPEN", "0"}}).settings;
  EXPECT_EQ(settings.name, "environment");
  EXPECT_FALSE(settings.open);
  EXPECT_EQ(read(file, {{"SLIPWAY_NAME", "environment"}}, {{"name", "flag"}}).settings.name, "flag");
}

TEST(Reader, ReadsListsFromTheFileAndTheEnvironment) {
  EXPECT_EQ(read("surfaces: [a, b]").settings.surfaces, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(read("", {{"SLIPWAY_SURFACES", "a, b,"}}).settings.surfaces, (std::vector<std::string>{"a", "b"}));
  const auto outcome = read("listeners: [{address: x}, {}]", {{"SLIPWAY_LISTENERS_1_ADDRESS", "y"}});
  EXPECT_EQ(outcome.settings.addresses, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(outcome.mistakes, "");
}

TEST(Reader, ReportsEveryMistakeAtOnceWithItsPlace) {
  const auto outcome = read(
      "nme: x\n"
      "http:\n"
      "  idle_time: 5 parsecs\n"
      "  idl_time: 5s\n"
      "  connections: 1000\n"
      "  body_limit: 1\n"
      "level: loud\n"
      "surfaces: all\n"
      "zebra: 1\n",
      {{"SLIPWAY_HTTP_OPEN", "maybe"}}, {{"nowhere", "1"}});
  EXPECT_EQ(
      outcome.mistakes,
      "s.yaml:3:14: http.idle_time: \"5 parsecs\" is no duration: write a number and ms, s, m, h or d, such as 30s\n"
      "s.yaml:6:15: http.body_limit: 1 is too small: at least 1KiB\n"
      "s.yaml:5:16: http.connections: 1000 is too large: at most 100\n"
      "SLIPWAY_HTTP_OPEN: http.open: \"maybe\" is neither true nor false\n"
      "s.yaml:8:11: surfaces: must be a sequence of texts, such as [a, b]\n"
      "s.yaml:7:8: level: \"loud\" is not one of debug, info, error\n"
      "s.yaml:1:1: nme: there is no such setting; did you mean name?\n"
      "s.yaml:9:1: zebra: there is no such setting\n"
      "s.yaml:4:3: http.idl_time: there is no such setting; did you mean idle_time?\n"
      "the command line: nowhere: there is no such setting");
  EXPECT_EQ(outcome.settings.idle, 75s) << "a value that does not fit leaves the default";
}

TEST(Reader, RefusesWhatIsNoMapping) {
  EXPECT_EQ(read("[1]").mistakes, "s.yaml: must be a mapping of settings");
  EXPECT_EQ(read("http: 5").mistakes, "s.yaml:1:7: http: must be a mapping of settings");
  EXPECT_EQ(read("name:").mistakes, "s.yaml:1:1: name: must be one value, not a null");
  EXPECT_EQ(read("listeners: {}").mistakes, "s.yaml:1:12: listeners: must be a sequence of mappings");
  EXPECT_EQ(read("a: [").mistakes.substr(0, 13), "s.yaml: line ");
}

TEST(Reader, NamesVariablesThatNoSettingReads) {
  const auto outcome = read("", {{"SLIPWAY_NAMES", "x"}, {"SLIPWAY_URL", "x"}, {"SLIPWAY_ZZZZZZZZZZZZZZ", "x"}});
  EXPECT_EQ(outcome.unknown, (std::vector<std::string>{"SLIPWAY_NAMES is no setting; did you mean SLIPWAY_NAME?",
                                                       "SLIPWAY_ZZZZZZZZZZZZZZ is no setting"}));
}

TEST(Reader, PrintsWhatIsInForceWithSecretsMasked) {
  const auto outcome =
      read("token: hunter2\nlisteners: [{address: x}]", {{"SLIPWAY_HTTP_IDLE_TIME", "90s"}}, {{"name", "a\"b"}});
  EXPECT_EQ(outcome.settings.token.reveal(), "hunter2");
  EXPECT_EQ(outcome.printed, R"(name: "a\"b"  # the command line
token: "********"  # s.yaml:1:8
surfaces: ["all"]  # default
level: info  # default
http:
  idle_time: 90s  # SLIPWAY_HTTP_IDLE_TIME
  body_limit: 1MiB  # default
  connections: 10  # default
  open: false  # default
listeners:
  -
    address: "x"  # s.yaml:2:23
)");
}

TEST(Units, ReadAndPrintDurationsAndSizes) {
  EXPECT_EQ(*parse_duration("250ms"), 250ms);
  EXPECT_EQ(*parse_duration("30d"), 720h);
  EXPECT_EQ(*parse_duration("0"), 0ms);
  for (const auto* wrong : {"", "5", "s", "-5s", "1.5s", "5 s", "99999999999999999d"}) {
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  }
  EXPECT_EQ(*parse_bytes("512"), 512U);
  EXPECT_EQ(*parse_bytes("2GiB"), 2ULL << 30);
  for (const auto* wrong : {"", "1KB", "-1", "9999999999GiB"}) EXPECT_FALSE(parse_bytes(wrong)) << wrong;
  EXPECT_EQ(print_duration(90s), "90s");
  EXPECT_EQ(print_duration(1500ms), "1500ms");
  EXPECT_EQ(print_duration(0ms), "0ms");
  EXPECT_EQ(print_bytes(1536), "1536");
  EXPECT_EQ(print_bytes(1 << 20), "1MiB");
}

}  // namespace
}  // namespace slipway::config
