#include "workflow/document.h"

#include <gtest/gtest.h>

#include "workflow/document_fixture.h"

namespace slipway::workflow {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kGood = R"(schemaVersion: '0.3'
description: Makes a thing
assumeRole: ''
parameters:
  Name: {type: String, allowedPattern: '^[a-z]+$'}
  Count: {type: Integer, default: 3}
mainSteps:
  - name: Make
    action: local:make
    inputs:
      Folder: '{{ Name }}'
    onFailure: step:Clean
    onCancel: step:Clean
    timeoutSeconds: 30
    maxAttempts: 3
    outputs:
      - {Name: Id, Type: String}
  - name: Choose
    action: aws:branch
    inputs:
      Choices:
        - Variable: '{{ Count }}'
          NumericGreater: 2
          NextStep: Rest
      Default: Done
  - name: Rest
    action: aws:sleep
    inputs: {Duration: PT1S}
    isCritical: false
    onFailure: Continue
  - name: Done
    action: local:do
    inputs: {Text: 'made {{ Make.Id }}'}
    isEnd: true
  - name: Clean
    action: local:do
    inputs: {}
outputs:
  - Make.Id
)";

TEST(Document, a_good_document_becomes_a_plan) {
  const auto loaded = load(kGood);
  ASSERT_THAT(places(loaded), IsEmpty()) << words(loaded);
  const auto& plan = *loaded.plan;
  EXPECT_EQ(plan.name, "test.yaml");
  EXPECT_EQ(plan.content, kGood);
  EXPECT_EQ(plan.sha256, base::sha256_hex(kGood));
  ASSERT_EQ(plan.steps.size(), 5u);
  EXPECT_EQ(plan.steps[0].next, 1);
  EXPECT_EQ(plan.steps[0].on_failure, Step::OnFailure::jump);
  EXPECT_EQ(plan.steps[0].failure_next, 4);
  EXPECT_EQ(plan.steps[0].cancel_next, 4);
  EXPECT_EQ(plan.steps[0].max_attempts, 3);
  EXPECT_EQ(plan.steps[0].timeout, boost::json::value(30));
  EXPECT_TRUE(plan.steps[0].critical);
  EXPECT_EQ(plan.steps[1].choices.at(0).next, 2);
  EXPECT_EQ(plan.steps[1].next, 3) << "Default";
  EXPECT_FALSE(plan.steps[2].critical);
  EXPECT_EQ(plan.steps[3].next, kEnd) << "isEnd";
  EXPECT_EQ(plan.steps[4].next, kEnd) << "the last";
  ASSERT_EQ(plan.outputs.size(), 1u);
  EXPECT_EQ(plan.outputs[0].name, "Make.Id");
}

TEST(Document, json_is_read_like_yaml) {
  const auto loaded =
      load(R"({"schemaVersion": "0.3", "mainSteps": [{"name": "A", "action": "local:do", "inputs": {}}]})");
  EXPECT_TRUE(loaded.plan) << words(loaded);
}

TEST(Document, the_number_0_3_is_a_schema_version_too) {
  EXPECT_TRUE(load("schemaVersion: 0.3\nmainSteps: [{name: A, action: 'local:do', inputs: {}}]").plan);
}

struct Refused {
  std::string name;
  std::string content;
  std::vector<std::string> where;  // every problem
  std::string says;                // part of the words
};
void PrintTo(const Refused& refused, std::ostream* out) {
  *out << refused.name;
}
class Refuses : public testing::TestWithParam<Refused> {};

TEST_P(Refuses, with_code_line_and_column) {
  const auto loaded = load(GetParam().content);
  EXPECT_EQ(places(loaded), GetParam().where) << words(loaded);
  EXPECT_THAT(words(loaded), HasSubstr(GetParam().says));
  bool refused = false;
  for (const auto& problem : loaded.problems) refused |= !problem.warning();
  EXPECT_EQ(loaded.plan == nullptr, refused);
}

// One step of action local:do with `more` lines under it, at line 3.
std::string step(std::string_view more) {
  return "schemaVersion: '0.3'\nmainSteps:\n  - name: A\n    action: local:do\n" + std::string(more);
}
std::string parameter(std::string_view body) {
  return "schemaVersion: '0.3'\nparameters:\n  P: " + std::string(body) +
         "\nmainSteps: [{name: A, action: 'local:do', inputs: {}}]\n";
}
std::string branch(std::string_view inputs) {
  return "schemaVersion: '0.3'\nmainSteps:\n  - name: A\n    action: aws:branch\n    inputs: " + std::string(inputs) +
         "\n  - {name: B, action: 'local:do', inputs: {}}\n";
}

const std::string kHead = "schemaVersion: '0.3'\n";
const std::string kStep = "mainSteps: [{name: A, action: 'local:do', inputs: {}}]\n";

INSTANTIATE_TEST_SUITE_P(
    Top, Refuses,
    testing::Values(
        Refused{"broken_yaml", "schemaVersion: '0.3'\nmainSteps: [", {"E-PARSE 2:1 "}, "end of sequence"},
        Refused{"duplicate_key", kHead + kHead + kStep, {"E-PARSE 2:1 "}, "Duplicate key"},
        Refused{"unquoted_reference",
                kHead + "mainSteps: [{name: A, action: {{ X }}, inputs: {}}]",
                {"E-PARSE 2:32 "},
                "quotes"},
        Refused{"too_long",
                kHead + kStep + "description: " + std::string(65'000, 'x') + std::string(600, 'x'),
                {"E-PARSE 1:1 "},
                "65536"},
        Refused{"not_utf8", kHead + kStep + "description: \"\xC3\x28\"\n", {"E-PARSE 1:1 "}, "UTF-8"},
        Refused{"nul", kHead + kStep + std::string("description: a\0b", 16), {"E-PARSE 1:1 "}, "NUL"},
        Refused{"too_deep",
                kHead + kStep + "description: " + std::string(100, '[') + std::string(100, ']'),
                {"E-PARSE 3:36 "},
                "nested"},
        Refused{"inputs_too_deep",
                kHead + "mainSteps: [{name: A, action: 'local:do', inputs: {Text: " + std::string(20, '[') +
                    std::string(20, ']') + "}}]\n",
                {"E-PARSE 2:77 "},
                "nested"},
        Refused{"no_mapping", "- a", {"E-TYPE 1:1 "}, "mapping"}, Refused{"empty", "", {"E-TYPE 0:0 "}, ""},
        Refused{"command_document", "schemaVersion: '2.2'\n" + kStep, {"E-SCHEMA 1:16 /schemaVersion"}, "Command"},
        Refused{"no_version", kStep, {"E-SCHEMA 1:1 "}, "missing"},
        Refused{"unknown_key", kHead + kStep + "mainStep: 1\n", {"E-KEY 3:1 /mainStep"}, "did you mean mainSteps?"},
        Refused{"no_steps", kHead, {"E-KEY 1:1 "}, "mainSteps is missing"},
        Refused{"empty_steps", kHead + "mainSteps: []\n", {"E-TYPE 2:12 /mainSteps"}, "at least one"},
        Refused{"role_from_ssm",
                kHead + "assumeRole: '{{ssm:role}}'\n" + kStep,
                {"E-ROLE 2:13 /assumeRole", "E-SSMREF 2:13 /assumeRole"},
                "Parameter Store"},
        Refused{"role_no_arn", kHead + "assumeRole: admin\n" + kStep, {"E-ROLE 2:13 /assumeRole"}, "ARN"},
        Refused{"output_of_nothing",
                kHead + kStep + "outputs: [B.Id, A.Nope, A]\n",
                {"E-REF 3:11 /outputs/0", "E-REF 3:17 /outputs/1", "E-REF 3:25 /outputs/2"},
                "it gives: Id, Items, Count"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Steps, Refuses,
    testing::Values(
        Refused{"unknown_key",
                step("    inputs: {}\n    NextStep: B\n"),
                {"E-KEY 6:5 /mainSteps/0/NextStep"},
                "did you mean nextStep?"},
        Refused{"unknown_action",
                kHead + "mainSteps: [{name: A, action: 'aws:executeAPI', inputs: {}}]\n",
                {"E-ACTION 2:31 /mainSteps/0/action"},
                "did you mean aws:executeAwsApi?"},
        Refused{"action_not_here",
                kHead + "mainSteps: [{name: A, action: 'aws:runInstances', inputs: {}}]\n",
                {"E-ACTION 2:31 /mainSteps/0/action"},
                "not enabled here"},
        Refused{"no_action",
                kHead + "mainSteps: [{name: A, inputs: {}}]\n",
                {"E-ACTION 2:13 /mainSteps/0"},
                "needs an action"},
        Refused{"bad_name",
                kHead + "mainSteps: [{name: 'a b', action: 'local:do', inputs: {}}]\n",
                {"E-NAME 2:20 /mainSteps/0/name"},
                "letters"},
        Refused{"no_name",
                kHead + "mainSteps: [{action: 'local:do', inputs: {}}]\n",
                {"E-NAME 2:13 /mainSteps/0"},
                "needs a name"},
        Refused{"same_name",
                step("    inputs: {}\n  - {name: A, action: 'local:do', inputs: {}}\n"),
                {"E-NAME 6:12 /mainSteps/1/name"},
                "another step named A"},
        Refused{"targets",
                step("    nextStep: Bee\n    onFailure: step:C\n    onCancel: Continue\n  - {name: Be, action: "
                     "'local:do', inputs: {}}\n"),
                {"E-TARGET 5:15 /mainSteps/0/nextStep", "E-TARGET 6:16 /mainSteps/0/onFailure",
                 "E-TARGET 7:15 /mainSteps/0/onCancel"},
                "did you mean Be?"},
        Refused{"on_failure_word",
                step("    onFailure: continue\n"),
                {"E-TARGET 5:16 /mainSteps/0/onFailure"},
                "Abort, Continue or step:NAME"},
        Refused{"cancel_to_sleep",
                step("    onCancel: step:S\n  - {name: S, action: 'aws:sleep', inputs: {Duration: PT1S}}\n"),
                {"E-TARGET 5:15 /mainSteps/0/onCancel"},
                "aws:sleep"},
        Refused{"circle",
                step("  - {name: B, action: 'local:do', inputs: {}, nextStep: A}\n"),
                {"E-CYCLE 3:5 /mainSteps/0"},
                "A > B > A"},
        Refused{"circle_by_failure", step("    onFailure: step:A\n"), {"E-CYCLE 3:5 /mainSteps/0"}, "A > A"},
        Refused{"limits",
                step("    maxAttempts: 0\n    timeoutSeconds: soon\n    isEnd: perhaps\n"),
                {"E-TYPE 5:18 /mainSteps/0/maxAttempts", "E-TYPE 6:21 /mainSteps/0/timeoutSeconds",
                 "E-TYPE 7:12 /mainSteps/0/isEnd"},
                "from 1 to 100"},
        Refused{"inputs",
                kHead + "mainSteps:\n  - {name: A, action: 'local:make', inputs: {Mod: 1}}\n",
                {"E-KEY 3:45 /mainSteps/0/inputs", "E-KEY 3:46 /mainSteps/0/inputs/Mod"},
                "did you mean Mode?"},
        Refused{"no_output",
                step("    outputs: [{Name: Idd}]\n"),
                {"E-KEY 5:22 /mainSteps/0/outputs/0/Name"},
                "it gives: Id"},
        Refused{"unreachable",
                step("    isEnd: true\n  - {name: B, action: 'local:do', inputs: {}}\n"),
                {"W-UNREACH 6:5 /mainSteps/1"},
                "no step leads here"},
        Refused{"abort_is_critical",
                step("    isCritical: false\n"),
                {"W-CRIT 5:17 /mainSteps/0/isCritical"},
                "fails all the same"},
        Refused{"unsafe_twice",
                kHead + "mainSteps: [{name: A, action: 'local:unsafe', inputs: {}, maxAttempts: 2}]\n",
                {"W-EFFECT 2:72 /mainSteps/0/maxAttempts"},
                "twice"},
        Refused{"sleep_neither",
                kHead + "mainSteps: [{name: A, action: 'aws:sleep', inputs: {}}]\n",
                {"E-TYPE 2:52 /mainSteps/0/inputs"},
                "exactly one"},
        Refused{"sleep_too_long",
                kHead + "mainSteps: [{name: A, action: 'aws:sleep', inputs: {Duration: P8D}}]\n",
                {"E-TYPE 2:52 /mainSteps/0/inputs"},
                "7 days"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(Found, Refuses,
                         testing::Values(Refused{"integer",
                                                 step("    inputs: {}\n    maxAttempts: often\n"),
                                                 {"E-TYPE 6:18 /mainSteps/0/maxAttempts"},
                                                 "maxAttempts must be an integer from 1 to 100, not 'often'"},
                                         Refused{"integer_too_large",
                                                 step("    inputs: {}\n    maxAttempts: 101\n"),
                                                 {"E-TYPE 6:18 /mainSteps/0/maxAttempts"},
                                                 "from 1 to 100, not '101'"},
                                         Refused{"list_for_an_integer",
                                                 step("    inputs: {}\n    maxAttempts: [1]\n"),
                                                 {"E-TYPE 6:18 /mainSteps/0/maxAttempts"},
                                                 "from 1 to 100, not a list"},
                                         Refused{"boolean",
                                                 step("    inputs: {}\n    isEnd: perhaps\n"),
                                                 {"E-TYPE 6:12 /mainSteps/0/isEnd"},
                                                 "isEnd must be true or false, not 'perhaps'"},
                                         Refused{"long_boolean",
                                                 step("    inputs: {}\n    isEnd: " + std::string(5000, 'x') + "\n"),
                                                 {"E-TYPE 6:12 /mainSteps/0/isEnd"},
                                                 "xxx…'"}),
                         [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    References, Refuses,
    testing::Values(
        Refused{"parameter",
                step("    inputs: {Text: 'x {{ Nam }} y'}\nparameters: {Name: {type: String}}\n"),
                {"E-REF 5:20 /mainSteps/0/inputs/Text"},
                "did you mean Name?"},
        Refused{
            "step", step("    inputs: {Text: '{{ Z.Id }}'}\n"), {"E-REF 5:20 /mainSteps/0/inputs/Text"}, "no step 'Z'"},
        Refused{"output",
                step("    inputs: {}\n  - {name: B, action: 'local:do', inputs: {Text: '{{ A.Nope }}'}}\n"),
                {"E-REF 6:50 /mainSteps/1/inputs/Text"},
                "it gives: Id"},
        Refused{"itself",
                step("    inputs: {Text: '{{ A.Id }}'}\n"),
                {"E-REF 5:20 /mainSteps/0/inputs/Text"},
                "cannot run before"},
        Refused{"later",
                step("    inputs: {Text: '{{ B.Id }}'}\n  - {name: B, action: 'local:do', inputs: {}}\n"),
                {"E-REF 5:20 /mainSteps/0/inputs/Text"},
                "cannot run before"},
        Refused{"some_paths",
                step("    onFailure: step:C\n  - {name: B, action: 'local:do', inputs: {}}\n  - {name: C, action: "
                     "'local:do', inputs: {Text: '{{ B.Id }}'}}\n"),
                {"W-REF 7:50 /mainSteps/2/inputs/Text"},
                "not run before step C on every path"},
        Refused{"nested",
                step("    inputs: {Text: '{{ {{ A }} }}', Items: ['{{ open']}\n"),
                {"E-NEST 5:20 /mainSteps/0/inputs/Text", "E-NEST 5:45 /mainSteps/0/inputs/Items/0"},
                "without '}}'"},
        Refused{"in_key",
                step("    inputs: {Settings: {'{{ global:DATE }}': 1}}\n"),
                {"E-NEST 5:25 /mainSteps/0/inputs/Settings/{{ global:DATE }}"},
                "key"},
        Refused{"ssm",
                step("    inputs: {Text: '{{ ssm:/a/b }}'}\n"),
                {"E-SSMREF 5:20 /mainSteps/0/inputs/Text"},
                "default only"},
        Refused{
            "pseudo", step("    inputs: {Text: '{{ TARGET_ID }}'}\n"), {"E-PSEUDO 5:20 /mainSteps/0/inputs/Text"}, ""},
        Refused{"global",
                step("    inputs: {Text: '{{ global:TIME }}'}\n"),
                {"E-REF 5:20 /mainSteps/0/inputs/Text"},
                "DATE_TIME"},
        Refused{"timeout",
                step("    timeoutSeconds: '{{ Wait }}'\n"),
                {"E-REF 5:21 /mainSteps/0/timeoutSeconds"},
                "no parameter 'Wait'"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Parameters, Refuses,
    testing::Values(Refused{"type", parameter("{type: Strin}"), {"E-TYPE 3:13 /parameters/P/type"}, "StringList"},
                    Refused{"no_type", parameter("{default: a}"), {"E-TYPE 3:6 /parameters/P"}, "missing"},
                    Refused{"key",
                            parameter("{type: String, allowedValue: [a]}"),
                            {"E-KEY 3:21 /parameters/P/allowedValue"},
                            "did you mean allowedValues?"},
                    Refused{"default_type",
                            parameter("{type: Integer, default: three}"),
                            {"E-TYPE 3:31 /parameters/P/default"},
                            "not of type Integer"},
                    Refused{"default_number",
                            parameter("{type: String, default: 3}"),
                            {"E-TYPE 3:30 /parameters/P/default"},
                            "not of type String"},
                    Refused{"default_not_allowed",
                            parameter("{type: String, default: c, allowedValues: [a, b]}"),
                            {"E-PAT 3:30 /parameters/P/default"},
                            "not one of"},
                    Refused{"default_pattern",
                            parameter("{type: String, default: c, allowedPattern: '^[ab]$'}"),
                            {"E-PAT 3:30 /parameters/P/default"},
                            "does not match"},
                    Refused{"default_refers",
                            parameter("{type: String, default: '{{ Q }}'}"),
                            {"E-REF 3:30 /parameters/P/default"},
                            "system variables only"},
                    Refused{"allowed_type",
                            parameter("{type: Integer, allowedValues: [1, b]}"),
                            {"E-TYPE 3:41 /parameters/P/allowedValues"},
                            "not of type Integer"},
                    Refused{"pattern",
                            parameter("{type: String, allowedPattern: '^(a$'}"),
                            {"E-PAT 3:37 /parameters/P/allowedPattern"},
                            "at character 4"},
                    Refused{"unanchored",
                            parameter("{type: String, allowedPattern: '[ab]'}"),
                            {"W-PAT 3:37 /parameters/P/allowedPattern"},
                            "whole value"},
                    Refused{"name",
                            kHead + "parameters: {'a-b': {type: String}}\n" + kStep,
                            {"E-NAME 2:14 /parameters/a-b"},
                            "letters"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Branches, Refuses,
    testing::Values(
        Refused{"no_choices", branch("{Default: B}"), {"E-BRANCH 5:13 /mainSteps/0/inputs"}, "at least one choice"},
        Refused{"no_operator",
                branch("{Choices: [{Variable: a, NextStep: B}]}"),
                {"E-BRANCH 5:24 /mainSteps/0/inputs/Choices/0"},
                "exactly one condition"},
        Refused{"two_operators",
                branch("{Choices: [{Variable: a, Contains: a, StartsWith: b, NextStep: B}]}"),
                {"E-BRANCH 5:24 /mainSteps/0/inputs/Choices/0"},
                "exactly one condition"},
        Refused{"unknown_operator",
                branch("{Choices: [{Variable: a, StringEqual: a, NextStep: B}]}"),
                {"E-BRANCH 5:24 /mainSteps/0/inputs/Choices/0", "E-KEY 5:38 /mainSteps/0/inputs/Choices/0/StringEqual"},
                "did you mean StringEquals?"},
        Refused{"constant",
                branch("{Choices: [{Variable: a, NumericEquals: x, NextStep: B}, {Variable: a, StringEquals: 3, "
                       "NextStep: B}]}"),
                {"E-BRANCH 5:53 /mainSteps/0/inputs/Choices/0/NumericEquals",
                 "E-BRANCH 5:98 /mainSteps/0/inputs/Choices/1/StringEquals"},
                "cannot compare"},
        Refused{"no_next",
                branch("{Choices: [{Variable: a, StringEquals: a}]}"),
                {"E-BRANCH 5:24 /mainSteps/0/inputs/Choices/0"},
                "NextStep"},
        Refused{"target",
                branch("{Choices: [{Variable: a, StringEquals: a, NextStep: C}], Default: D}"),
                {"E-TARGET 5:65 /mainSteps/0/inputs/Choices/0/NextStep", "E-TARGET 5:79 /mainSteps/0/inputs/Default"},
                "no step 'C'\n"},
        Refused{"reference",
                branch("{Choices: [{Not: {Variable: '{{ X }}', StringEquals: a}, NextStep: B}]}"),
                {"E-REF 5:41 /mainSteps/0/inputs/Choices/0/Not/Variable"},
                "no parameter 'X'"},
        Refused{"and_of_one",
                branch("{Choices: [{And: {Variable: a, StringEquals: a}, NextStep: B}]}"),
                {"E-BRANCH 5:30 /mainSteps/0/inputs/Choices/0/And"},
                "list of conditions"}),
    [](const auto& info) { return info.param.name; });

TEST(Document, conditions_nest_five_deep_and_no_deeper) {
  const auto nested = [](int depth) {
    std::string condition = "{Variable: a, StringEquals: a}";
    for (int i = 1; i < depth; ++i) condition = "{Not: " + condition + "}";
    return branch("{Choices: [" + condition.substr(0, condition.size() - 1) + ", NextStep: B}]}");
  };
  EXPECT_TRUE(load(nested(5)).plan) << words(load(nested(5)));
  EXPECT_THAT(words(load(nested(6))), HasSubstr("E-BRANCH"));
}

TEST(Document, at_most_a_hundred_problems_are_told_and_warnings_never_hide_a_refusal) {
  std::string content = kHead + kStep + "parameters:\n";
  for (int i = 0; i < 120; ++i) content += "  P" + std::to_string(i) + ": {type: String, allowedPattern: a}\n";
  const auto warned = load(content);
  EXPECT_EQ(warned.problems.size(), 100u);
  EXPECT_TRUE(warned.plan);
  const auto refused = load(content + "  Last: {type: Nothing}\n");
  EXPECT_EQ(refused.problems.size(), 100u);
  EXPECT_FALSE(refused.plan);
}

TEST(Document, more_than_a_hundred_steps_or_two_hundred_parameters_are_refused) {
  std::string steps = kHead + "mainSteps:\n";
  for (int i = 0; i < 101; ++i) steps += "  - {name: S" + std::to_string(i) + ", action: 'local:do', inputs: {}}\n";
  EXPECT_THAT(places(load(steps)), ElementsAre("E-LIMIT 3:3 /mainSteps"));
  std::string parameters = kHead + kStep + "parameters:\n";
  for (int i = 0; i < 201; ++i) parameters += "  P" + std::to_string(i) + ": {type: String, default: a}\n";
  EXPECT_THAT(places(load(parameters)), ElementsAre("E-LIMIT 4:3 /parameters"));
}

TEST(Document, aliases_expand_a_hundred_times_at_most) {
  std::string bomb = kHead + kStep + "description:\n  a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    const std::string before = "*" + std::string(1, static_cast<char>(c - 1));
    bomb += "  " + std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 12; ++i) bomb += before + ", ";
    bomb += "]\n";
  }
  ASSERT_THAT(load(bomb).problems, testing::SizeIs(1));
  EXPECT_EQ(load(bomb).problems[0].code, "E-PARSE");
}

TEST(Document, a_problem_reads_file_line_column_code_pointer) {
  EXPECT_EQ(words(load(kHead + kStep + "mainStep: 1\n")),
            "test.yaml:3:1: E-KEY /mainStep: the document has no key 'mainStep'; did you mean mainSteps?\n");
}

TEST(Document, what_is_long_is_told_by_its_beginning) {
  const std::string word(5000, 'x');
  const auto told = words(load(kHead + "mainSteps:\n  - {name: A, action: '" + word + "', inputs: {}, onFailure: '" +
                               word + "'}\n? " + word + "\n: {}\n"));
  EXPECT_THAT(told, testing::AllOf(HasSubstr("there is no action 'xxx"), HasSubstr("has no key 'xxx"),
                                   HasSubstr("onFailure is Abort, Continue or step:NAME, not 'xxx"), HasSubstr("…")));
  EXPECT_LT(told.size(), 2000u);
}

TEST(Document, the_nearest_word_is_found_or_none) {
  EXPECT_EQ(suggestion("NEXTSTEPS", {"name", "nextStep"}), "; did you mean nextStep?");
  EXPECT_EQ(suggestion("entirely", {"nextStep", "name"}), "");
  EXPECT_EQ(suggestion("B", {"A"}), "");
}

TEST(Registry, a_second_action_of_one_name_throws) {
  ActionRegistry registry;
  registry.add("local:do", std::make_unique<DeclaredAction>());
  EXPECT_THROW(registry.add("local:do", std::make_unique<DeclaredAction>()), std::logic_error);
  EXPECT_EQ(registry.find("local:other"), nullptr);
  EXPECT_THAT(registry.names(), ElementsAre("local:do"));
}

}  // namespace
}  // namespace slipway::workflow
