#include "broker/types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "broker/test_world.h"

namespace slipway::broker {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::string_view kDocument = R"(schemaVersion: '0.3'
parameters:
  Size: {type: Integer}
mainSteps:
  - {name: Wait, action: 'aws:sleep', inputs: {Duration: PT1S}, isEnd: true}
)";

class Types : public testing::Test {
 protected:
  void write(const std::string& file, std::string_view text) {
    const auto path = folder.path / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void write_type(std::string_view text) {
    write("thing/type.yaml", text);
    write("thing/launch.yaml", kDocument);
    write("thing/terminate.yaml", kDocument);
    write("thing/table.yaml", "small: {cpus: 1}\nlarge: {cpus: 8}\n");
  }
  base::Result<TypePtr> load() {
    const auto read = read_type(TRY(read_type_folder(folder.path / "thing")), actions, extensions);
    if (read.type) return TypePtr(read.type);
    return base::invalid(refusals(read.problems, folder.path.string() + "/"));
  }

  test_world::TemporaryFolder folder;
  workflow::ActionRegistry actions;
  TypeExtensions extensions;
};

constexpr std::string_view kGood = R"(name: thing
title: A thing
parameters:
  Size: {type: Integer, default: 2}
documents:
  local: {launch: launch.yaml, terminate: terminate.yaml}
data:
  table: table.yaml
)";

TEST_F(Types, AFolderBecomesAType) {
  write_type(kGood);
  const auto read = load().value();
  const auto& type = *read;
  EXPECT_EQ(type.title, "A thing");
  EXPECT_EQ(type.document("local", "launch")->steps.front().name, "Wait");
  EXPECT_EQ(type.document("local", "launch")->name, "thing/launch.yaml");
  EXPECT_EQ(type.document("local", "start"), nullptr);
  EXPECT_EQ(type.document("aws", "launch"), nullptr);
  EXPECT_EQ(type.data.at("table").at("large").at("cpus"), 8);
}

TEST_F(Types, AnExtensionAddsToATableAndWins) {
  write_type(kGood);
  write("more.yaml", "large: {cpus: 16}\nhuge: {cpus: 64}\n");
  extensions["thing/table"] = folder.path / "more.yaml";
  const auto type = load().value();
  const auto& table = type->data.at("table");
  EXPECT_EQ(table.at("small").at("cpus"), 1);
  EXPECT_EQ(table.at("large").at("cpus"), 16);
  EXPECT_EQ(table.at("huge").at("cpus"), 64);
}

TEST_F(Types, EveryMistakeIsToldWithFileAndLine) {
  write_type(R"(name: other
colour: green
parameters:
  Size: {type: Colour}
  Count: {type: Integer, default: many}
documents:
  local: {launch: launch.yaml, resize: resize.yaml}
data:
  table: missing.yaml
test: {keeps: ../../.bashrc}
)");
  const auto error = load().error();
  EXPECT_EQ(error.kind, base::ErrorKind::invalid);
  EXPECT_THAT(error.message,
              AllOf(HasSubstr("thing/type.yaml:1:7: E-NAME /name: name must be the folder's: thing"),
                    HasSubstr("thing/type.yaml:2:1: E-KEY /colour: the type has no key 'colour'"),
                    HasSubstr("thing/type.yaml:4:16: E-TYPE /parameters/Size/type: type 'Colour' is unknown"),
                    HasSubstr("thing/type.yaml:5:35: E-TYPE /parameters/Count/default"),
                    HasSubstr("has no key 'resize'"), HasSubstr("provider local has no terminate document"),
                    HasSubstr("thing/type.yaml:9:10: E-FILE /data/table: there is no file missing.yaml"),
                    HasSubstr("thing/type.yaml:10:15: E-FILE /test/keeps: ../../.bashrc leads out of")));
}

TEST_F(Types, WhatIsLongIsToldByItsBeginning) {
  const std::string word(20'000, 'x');
  write_type("name: " + word + "\nparameters: {Size: {type: " + word + "}}\nidle: {after: 5, action: " + word +
             "}\ndocuments:\n  local: {launch: launch.yaml, terminate: " + word + "}\n  ? " + word + "\n  : {}\n");
  const auto message = load().error().message;
  EXPECT_THAT(message, AllOf(HasSubstr("type 'xxx"), HasSubstr("action is stop or terminate, not 'xxx"),
                             HasSubstr("there is no file xxx"), HasSubstr("provider xxx"), HasSubstr("…")));
  EXPECT_LT(message.size(), 5000u);
}

TEST_F(Types, ADocumentsOwnMistakeIsToldWithItsLine) {
  write_type(kGood);
  write("thing/launch.yaml", "schemaVersion: '0.3'\nmainSteps:\n  - {name: A, action: 'local:nothing', inputs: {}}\n");
  EXPECT_THAT(load().error().message, AllOf(HasSubstr("launch.yaml:3"), HasSubstr("E-ACTION")));
}

TEST_F(Types, ADocumentMayOnlyAskForWhatALaunchIsGiven) {
  write_type(kGood);
  write("thing/type.yaml", R"(name: thing
documents:
  local: {launch: launch.yaml, terminate: terminate.yaml}
)");
  EXPECT_THAT(load().error().message, HasSubstr("asks for the parameter Size, which type.yaml does not declare"));
}

TEST(DocumentParameters, AreThoseOfTheEnvironmentThenWhatItsLaunchPutOut) {
  workflow::Plan plan;
  for (const auto* name : {"Size", "Port", "Arn", "Gone", "Absent"}) plan.parameters.emplace_back().name = name;
  EXPECT_EQ(document_parameters(plan, {{"Size", 3}, {"Colour", "red"}},
                                {{"Folder.Size", 9}, {"Port.Port", 40000}, {"Arn", "arn:x"}, {"Gone", nullptr}}),
            (boost::json::object{{"Size", 3}, {"Port", 40000}, {"Arn", "arn:x"}}));
}

TEST_F(Types, ATypeThatIsNoYamlIsToldWithItsLine) {
  write_type("name: [thing\n");
  EXPECT_THAT(load().error().message, HasSubstr("thing/type.yaml:2:1: E-PARSE"));
}

TEST_F(Types, ParametersAreFilledInAndChecked) {
  write_type(kGood);
  const auto read = load().value();
  const auto& type = *read;
  EXPECT_EQ(bind_parameters(type, "", {}).value().at("Size"), 2);
  EXPECT_EQ(bind_parameters(type, "", {{"Size", 5}}).value().at("Size"), 5);
  EXPECT_EQ(bind_parameters(type, "", {{"Size", "5"}}).error().message,
            "Parameters: Size: \"5\" is not of type Integer.");
  EXPECT_EQ(bind_parameters(type, "", {{"Colour", 5}}).error().message, "Parameters: Colour is no parameter of thing.");
  EXPECT_LT(bind_parameters(type, "", {{std::string(20'000, 'x'), 5}}).error().message.size(), 200u);
}

constexpr std::string_view kWhole = R"(name: thing
description: |
  A *thing*.
icon: icon.svg
parameters:
  Mode: {type: String, default: plain, allowedValues: [plain, full], title: How much}
  Extra: {type: String, default: '', allowedPattern: '^[a-z]*$', when: {Variable: '{{ Mode }}', StringEquals: full}}
  Size: {type: Integer, default: 2, minValue: 1, maxValue: 9}
configurations:
  BIG: {title: Big, description: Many., parameters: {Size: 8, Mode: full, Extra: lots}}
documents:
  local:
    launch: launch.yaml
    terminate: terminate.yaml
    stop: terminate.yaml
    connect: connect.yaml
    children: [undo.yaml]
connection:
  keys:
    Url: {title: Page, secret: true}
  instruction: 'Open #{"type":"link","hrefKey":"Url","text":"the page"} {now}'
status:
  machine: {status: State, instance: Name, alternates: {Running: COMPLETED}}
instance: {id: Name}
idle: {after: '{{ Size }}', action: stop}
timeToLive: {default: 7d, most: 30d, warn: 1h}
test: {configuration: BIG, parameters: {Size: 3}}
)";

constexpr std::string_view kMaking = R"(schemaVersion: '0.3'
parameters:
  Size: {type: Integer}
mainSteps:
  - {name: Make, action: 'test:make', inputs: {}, isEnd: true}
outputs: [Make.Name, Make.Url]
)";

class WholeTypes : public Types {
 protected:
  WholeTypes() {
    actions.add("test:make", std::make_unique<test_world::ScriptedAction>(
                                 runtime, script, workflow::Action::Inputs{.required = {}, .optional = {}, .any = true},
                                 std::vector<std::string_view>{"Name", "Url"}));
    actions.add("test:look", std::make_unique<Look>());
    write_type(kWhole);
    write("thing/launch.yaml", kMaking);
    write("thing/undo.yaml", kDocument);
    write("thing/icon.svg", "<svg/>");
    write("thing/connect.yaml", connect("test:look"));
  }

  // An action that changes nothing.
  class Look final : public workflow::PlainAction {
    workflow::EffectClass effect_class(const boost::json::object&) const override {
      return workflow::EffectClass::read;
    }
    Inputs inputs() const override { return {}; }
    std::vector<std::string_view> outputs() const override { return {"Url"}; }
    net::Task<boost::json::object> run(workflow::StepContext, boost::json::object) override {
      co_return boost::json::object{};
    }
  };

  static std::string connect(const std::string& action) {
    return "schemaVersion: '0.3'\nmainSteps:\n  - {name: Look, action: '" + action +
           "', inputs: {}, isEnd: true}\noutputs: [Look.Url]\n";
  }

  // The message after `was` in type.yaml has become `is`.
  std::string refusal(std::string_view was, std::string_view is) {
    std::string text(kWhole);
    text.replace(text.find(was), was.size(), is);
    write("thing/type.yaml", text);
    const auto registry = load();
    return registry ? "it is read" : registry.error().message;
  }

  net::Runtime runtime;
  test_world::ScriptedAction::Script script;
};

TEST_F(WholeTypes, EverySectionIsRead) {
  const auto registry = load();
  ASSERT_TRUE(registry) << registry.error().message;
  const auto type = *registry;
  EXPECT_EQ(type->icon, "icon.svg");
  EXPECT_EQ(type->parameters[0].title, "How much");
  EXPECT_TRUE(type->parameters[1].when);
  EXPECT_EQ(type->find_configuration("BIG")->parameters.at("Size"), 8);
  EXPECT_NE(type->child("local", "undo"), nullptr);
  EXPECT_TRUE(type->connection->keys[0].secret);
  EXPECT_EQ(type->connection->instruction, R"(Open #{"type":"link","hrefKey":"Url","text":"the page"} {now})");
  EXPECT_EQ(type->status.at("machine").alternates.at("running"), "COMPLETED");
  EXPECT_EQ(type->instance.id, "Name");
  EXPECT_EQ(type->idle_after({{"Size", 4}}), std::chrono::minutes(4));
  EXPECT_EQ(type->time_to_live.otherwise, std::chrono::hours(7 * 24));
  EXPECT_EQ(type->time_to_live.action, EndAction::terminate);
  EXPECT_EQ(type->test.configuration, "BIG");
}

TEST_F(WholeTypes, WhatDoesNotFitTogetherIsTold) {
  EXPECT_THAT(refusal("Size: 8", "Size: 80"), HasSubstr("type.yaml:10:53: E-PARAMETER /configurations/BIG/parameters"));
  EXPECT_THAT(refusal("Mode: full, Extra", "Colour: red, Extra"), HasSubstr("Colour is no parameter of the type"));
  EXPECT_THAT(refusal("configuration: BIG", "configuration: HUGE"), HasSubstr("there is no configuration HUGE"));
  EXPECT_THAT(refusal("hrefKey\":\"Url", "hrefKey\":\"Uri"), HasSubstr("hrefKey, 'Uri', is no key"));
  EXPECT_THAT(refusal("#{\"type\"", "#{type"), HasSubstr("is no JSON object"));
  EXPECT_THAT(refusal("Url: {title", "Uri: {title"), HasSubstr("connect.yaml gives no output Uri"));
  EXPECT_THAT(refusal("Url: {title", "Url: {proxied: true, title"), HasSubstr("Url is proxied, which needs endpoint"));
  EXPECT_THAT(refusal("COMPLETED", "RUNNING"), HasSubstr("'RUNNING' is no status"));
  EXPECT_THAT(refusal("{id: Name}", "{id: Colour}"), HasSubstr("launch.yaml gives no output Colour"));
  const auto asks =
      refusal("stop}", "stop, activity: {http: [{path: /now, last: 'a['}, {path: now, busy: {select: a}}]}}");
  EXPECT_THAT(asks, HasSubstr("asked over HTTP needs endpoint"));
  EXPECT_THAT(asks, HasSubstr("thing/type.yaml:25:80: E-SEL"));
  EXPECT_THAT(asks, HasSubstr("it begins with /"));
  EXPECT_THAT(asks, HasSubstr("busy needs select, and equals"));
  EXPECT_THAT(refusal("{{ Size }}", "{{ Mode }}"), HasSubstr("one reference to an Integer parameter"));
  EXPECT_THAT(refusal("    stop: terminate.yaml\n", ""), HasSubstr("idle is to stop, but local has no stop document"));
  EXPECT_THAT(refusal("    stop: terminate.yaml\n", "    stop: gone.yaml\n"),
              AllOf(HasSubstr("no file gone.yaml"), testing::Not(HasSubstr("has no stop document"))));
  EXPECT_THAT(refusal("most: 30d", "most: 3d"), HasSubstr("default is longer than most"));
  EXPECT_THAT(refusal("{{ Mode }}", "{{ Size }}"), HasSubstr("may refer to parameters that stand above it"));
  EXPECT_THAT(refusal("default: plain", "default: '{{ global:DATE }}'"),
              HasSubstr("a type's default is a plain value"));
  EXPECT_THAT(refusal("icon.svg", "image.svg"), HasSubstr("there is no file image.svg"));
}

TEST_F(WholeTypes, ConnectOnlyReads) {
  write("thing/connect.yaml", connect("test:make"));
  EXPECT_THAT(refusal("A *thing*", "A thing"), HasSubstr("the step Look of thing/connect.yaml uses test:make"));
}

TEST_F(WholeTypes, AChildThatAStepNamesIsThere) {
  write("thing/terminate.yaml",
        "schemaVersion: '0.3'\nmainSteps:\n"
        "  - {name: W, action: 'aws:executeAutomation', inputs: {DocumentName: elsewhere}, isEnd: true}\n");
  EXPECT_THAT(refusal("A *thing*", "A thing"),
              HasSubstr("the step W of thing/terminate.yaml executes elsewhere, which is "
                        "no child"));
}

TEST_F(WholeTypes, AChildThatIsListedAndBrokenIsNoMissingOne) {
  write("thing/terminate.yaml",
        "schemaVersion: '0.3'\nmainSteps:\n"
        "  - {name: W, action: 'aws:executeAutomation', inputs: {DocumentName: undo}, isEnd: true}\n");
  EXPECT_TRUE(load());
  write("thing/undo.yaml",
        "schemaVersion: '0.3'\nmainSteps:\n"
        "  - {name: W, action: 'aws:sleep', inputs: {Duration: '{{ Nope }}'}, isEnd: true}\n");
  const auto told = refusal("A *thing*", "A thing");
  EXPECT_THAT(told, HasSubstr("thing/undo.yaml:3:55: E-REF"));
  EXPECT_THAT(told, testing::Not(HasSubstr("E-DOCUMENT")));
}

TEST_F(WholeTypes, ADocumentNeedsADefaultForWhatIsAskedForOnlySometimes) {
  write("thing/terminate.yaml",
        "schemaVersion: '0.3'\nparameters: {Extra: {type: String}}\nmainSteps:\n"
        "  - {name: W, action: 'aws:sleep', inputs: {Duration: PT1S}, isEnd: true}\n");
  EXPECT_THAT(refusal("A *thing*", "A thing"), HasSubstr("needs a default for the parameter Extra"));
}

TEST_F(WholeTypes, AMappingOfStatusMayBeShared) {
  write("shared/machine.yaml", "machine: {status: State, alternates: {Gone: TERMINATED}}\n");
  const std::string_view own = "\n  machine: {status: State, instance: Name, alternates: {Running: COMPLETED}}";
  std::string text(kWhole);
  text.replace(text.find(own), own.size(), " ../shared/machine.yaml");
  write("thing/type.yaml", text);
  EXPECT_EQ(load().value()->status.at("machine").alternates.at("gone"), "TERMINATED");
  write("shared/machine.yaml", "machine: {status: State,\n  alternates: {Gone: VANISHED}}\n");
  EXPECT_THAT(load().error().message, HasSubstr("thing/../shared/machine.yaml:2:22: E-STATUS"));
}

TEST_F(WholeTypes, ConfigurationsAreOverriddenAndConditionsAreKept) {
  const auto registry = load().value();
  const auto& type = registry;
  EXPECT_EQ(bind_parameters(*type, "BIG", {{"Size", 3}}).value(),
            (boost::json::object{{"Mode", "full"}, {"Extra", "lots"}, {"Size", 3}}));
  EXPECT_EQ(bind_parameters(*type, "", {}).value(), (boost::json::object{{"Mode", "plain"}, {"Size", 2}}));
  EXPECT_THAT(bind_parameters(*type, "", {{"Extra", "x"}}).error().message,
              HasSubstr("Extra is not asked for with these values, only where {\"Variable\":"));
  // What a configuration sets for another mode than the one asked for is not wanted now.
  EXPECT_EQ(bind_parameters(*type, "BIG", {{"Mode", "plain"}}).value().count("Extra"), 0u);
  EXPECT_THAT(bind_parameters(*type, "BIG", {{"Size", 90}, {"Extra", "X1"}}).error().message,
              AllOf(HasSubstr("Size: 90 is out of bounds"), HasSubstr("Extra: \"X1\" does not match")));
  const auto unknown = bind_parameters(*type, "HUGE", {}).error();
  EXPECT_EQ(unknown.message, "thing has no configuration HUGE. There are BIG.");
  EXPECT_EQ(unknown.field, "configuration");
}

TEST_F(WholeTypes, AFolderHoldsFilesAlone) {
  std::filesystem::create_symlink("/etc/passwd", folder.path / "thing" / "link.yaml");
  EXPECT_THAT(load().error().message, HasSubstr("link.yaml is neither a file nor a folder"));
}

TEST(TypeFiles, GoThroughJsonAndRefusePathsThatLeadOut) {
  TypeFiles files{.name = "thing",
                  .files = {{"type.yaml", "name: thing\n"}, {"a/icon.png", std::string("\x89\0\xff", 3)}}};
  const auto read = files_from_json("thing", to_json(files)).value();
  EXPECT_EQ(read.files, files.files);
  EXPECT_EQ(read.sha256(), files.sha256());
  const auto refused = [](const std::string& path) {
    return !files_from_json("thing", {{path, boost::json::object{{"text", "x"}}}});
  };
  for (const auto* path : {"", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a\\b", "a b"}) {
    EXPECT_TRUE(refused(path)) << path;
  }
  EXPECT_FALSE(refused("a/b.yaml"));
  EXPECT_THAT(files_from_json("thing", {{"a", boost::json::object{{"text", ""}}},
                                        {"a/b", boost::json::object{{"base64", "x"}}},
                                        {"a/c", boost::json::object{{"text", ""}}}})
                  .error()
                  .message,
              AllOf(HasSubstr("a is a file and a folder"), HasSubstr("a/b has neither text nor base64")));
  const auto big = std::string(kMostTypeBytes + 1, 'x');
  EXPECT_THAT(files_from_json("thing", {{"a", boost::json::object{{"text", big}}}}).error().message,
              HasSubstr("4 MiB"));
}

TEST(BuiltInTypes, EachInstanceTypeHasItsFacts) {
  test_world::World world;
  const auto type = world.types->find("parallelcluster");
  const auto& table = type->data.at("instance-types");
  EXPECT_GE(table.size(), 60u);
  for (const auto& [name, facts] : table) {
    SCOPED_TRACE(std::string_view(name));
    EXPECT_GE(facts.at("vcpus").as_int64(), 1);
    EXPECT_GE(facts.at("memory_mib").as_int64(), 512);
    const auto& architecture = facts.at("architecture").as_string();
    EXPECT_TRUE(architecture == "x86_64" || architecture == "arm64");
  }
}

}  // namespace
}  // namespace slipway::broker
