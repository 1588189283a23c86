// Documents that use all of the format: loops, approvals, variables, children, attachments, calls of AWS. One row a
// rule: it fails where the rule goes away.

#include <gtest/gtest.h>

#include "workflow/aws_actions.h"
#include "workflow/document_fixture.h"

namespace slipway::workflow {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const ActionRegistry& all_actions() {
  static const auto registry = [] {
    auto all = std::make_unique<ActionRegistry>();
    add_aws_actions(*all);
    all->add("local:do", std::make_unique<DeclaredAction>());
    return all;
  }();
  return *registry;
}

Loaded load_whole(std::string_view content) {
  return load_document("whole.yaml", content, all_actions());
}

constexpr std::string_view kWhole = R"(schemaVersion: '0.3'
parameters:
  Zones: {type: StringList, default: [a, b]}
  Count: {type: Integer, default: 2}
  Image: {type: String, default: '{{ ssm:/images/base }}'}
variables:
  Last: {type: String, default: none}
  Seen: {type: StringList, default: []}
mainSteps:
  - name: Ask
    action: aws:approve
    inputs: {Approvers: [alice, bob], MinRequiredApprovals: 2, Message: 'Launch {{ Image }}?'}
  - name: Each
    action: aws:loop
    onFailure: step:Clean
    inputs:
      Iterators: '{{ Zones }}'
      Steps:
        - name: Make
          action: local:do
          inputs: {Text: '{{ Each.CurrentIteratorValue }} {{ Each.CurrentIteration }}'}
        - name: Keep
          action: aws:updateVariable
          inputs: {Name: 'variable:Last', Value: '{{ Make.Id }}'}
          isEnd: true
  - name: Until
    action: aws:loop
    inputs:
      MaxIterations: 5
      LoopCondition: {Not: {Variable: '{{ Look.Status }}', StringEquals: ready}}
      Steps:
        - name: Look
          action: aws:executeAwsApi
          inputs: {Service: sagemaker, Api: describe_notebook_instance, NotebookInstanceName: '{{ variable:Last }}'}
          outputs: [{Name: Status, Selector: $.NotebookInstanceStatus, Type: String}]
        - name: Again
          action: aws:branch
          inputs:
            Choices: [{Variable: '{{ Look.Status }}', StringEquals: ready, NextStep: Pause}]
          isEnd: true
        - name: Pause
          action: aws:sleep
          inputs: {Duration: PT1S}
  - name: Hold
    action: aws:pause
    inputs: {}
  - name: Child
    action: aws:executeAutomation
    inputs: {DocumentName: rollback, RuntimeParameters: {Status: '{{ Look.Status }}'}}
    outputs: [{Name: First, Selector: '$.Output[0]', Type: String}]
    isEnd: true
  - name: Clean
    action: local:do
    inputs: {}
outputs: [Child.First, Child.ExecutionId, Ask.ApprovalStatus, Look.Status]
)";

TEST(WholeDocument, becomes_a_plan) {
  const auto loaded = load_whole(kWhole);
  ASSERT_THAT(places(loaded), IsEmpty()) << words(loaded);
  const auto& plan = *loaded.plan;
  ASSERT_EQ(plan.steps.size(), 11u) << "mainSteps, then the bodies";
  const auto at = [&](std::string_view name) { return plan.find_step(name); };
  const auto step = [&](std::string_view name) { return plan.steps[static_cast<std::size_t>(at(name))]; };
  EXPECT_EQ(at("Clean"), 5);
  EXPECT_EQ(step("Ask").kind, Step::Kind::approve);
  EXPECT_EQ(step("Ask").default_timeout, std::chrono::hours(7 * 24));
  EXPECT_EQ(step("Each").kind, Step::Kind::loop);
  EXPECT_EQ(step("Each").body, at("Make"));
  EXPECT_EQ(step("Each").next, at("Until"));
  EXPECT_EQ(step("Each").inputs, (boost::json::object{{"Iterators", "{{ Zones }}"}}));
  EXPECT_EQ(step("Each").max_iterations, 100);
  EXPECT_EQ(step("Make").parent, at("Each"));
  EXPECT_EQ(step("Make").next, at("Keep"));
  EXPECT_EQ(step("Make").pointer, "/mainSteps/1/inputs/Steps/0");
  EXPECT_EQ(step("Keep").kind, Step::Kind::update_variable);
  EXPECT_EQ(step("Keep").next, kEnd) << "isEnd ends the iteration";
  ASSERT_TRUE(step("Until").loop_condition);
  EXPECT_EQ(step("Until").max_iterations, 5);
  EXPECT_EQ(step("Look").effect, EffectClass::read);
  EXPECT_EQ(step("Again").choices.at(0).next, at("Pause"));
  EXPECT_EQ(step("Pause").next, kEnd) << "the last of its body";
  EXPECT_EQ(step("Hold").kind, Step::Kind::pause);
  EXPECT_EQ(step("Child").kind, Step::Kind::child);
  EXPECT_EQ(step("Child").outputs.size(), 4u) << "its own, and those that the action gives";
  EXPECT_EQ(plan.variables.at(1).type, Type::string_list);
}

struct Whole {
  std::string name;
  std::string content;
  std::vector<std::string> where;
  std::string says;
};
void PrintTo(const Whole& whole, std::ostream* out) {
  *out << whole.name;
}
class WholeRefuses : public testing::TestWithParam<Whole> {};

TEST_P(WholeRefuses, with_code_line_and_column) {
  const auto loaded = load_whole(GetParam().content);
  EXPECT_EQ(places(loaded), GetParam().where) << words(loaded);
  EXPECT_THAT(words(loaded), HasSubstr(GetParam().says));
}

const std::string kHead = "schemaVersion: '0.3'\n";
const std::string kStep = "mainSteps: [{name: A, action: 'local:do', inputs: {}}]\n";

// Step A of `action` at line 3, its inputs at 5:13.
std::string step(std::string_view action, std::string_view inputs, std::string_view more = {}) {
  return kHead + "mainSteps:\n  - name: A\n    action: " + std::string(action) +
         "\n    inputs: " + std::string(inputs) + "\n" + std::string(more);
}
std::string loop(std::string_view inputs, std::string_view body = "{name: B, action: 'local:do', inputs: {}}",
                 std::string_view more = {}) {
  return kHead + "mainSteps:\n  - name: A\n    action: aws:loop\n    inputs:\n      Steps: [" + std::string(body) +
         "]\n" + std::string(inputs) + std::string(more);
}
std::string call(std::string_view service, std::string_view api, std::string_view more = {}) {
  return step("aws:executeAwsApi", "{Service: " + std::string(service) + ", Api: " + std::string(api) + "}", more);
}
std::string wait(std::string_view inputs) {
  return step("aws:assertAwsResourceProperty", "{Service: ec2, " + std::string(inputs) + "}");
}
constexpr std::string_view kEach = "      Iterators: [a]\n";

const auto kName = [](const auto& info) { return info.param.name; };

INSTANTIATE_TEST_SUITE_P(
    Loops, WholeRefuses,
    testing::Values(
        Whole{"in_a_loop",
              loop(kEach, "{name: B, action: 'aws:loop', inputs: {Iterators: [a], Steps: []}}"),
              {"E-LOOP 6:33 /mainSteps/0/inputs/Steps/0/action"},
              "aws:executeAutomation"},
        Whole{"neither", loop(""), {"E-KEY 6:7 /mainSteps/0/inputs"}, "exactly one of Iterators and LoopCondition"},
        Whole{"both",
              loop("      Iterators: [a]\n      LoopCondition: {Variable: a, StringEquals: a}\n"),
              {"E-KEY 6:7 /mainSteps/0/inputs"},
              "exactly one"},
        Whole{"no_body", step("aws:loop", "{Iterators: [a]}"), {"E-KEY 5:13 /mainSteps/0/inputs"}, "at least one step"},
        Whole{"too_often",
              loop("      Iterators: [a]\n      MaxIterations: 101\n"),
              {"E-LIMIT 8:22 /mainSteps/0/inputs/MaxIterations"},
              "at most 100"},
        Whole{"too_many",
              loop("      IteratorDataType: Integer\n      Iterators: [" +
                   [] {
                     std::string many;
                     for (int i = 0; i < 101; ++i) many += "1, ";
                     return many;
                   }() +
                   "]\n"),
              {"E-LIMIT 8:18 /mainSteps/0/inputs/Iterators"},
              "more than 100"},
        Whole{"iterator_type",
              loop("      IteratorDataType: MapList\n      Iterators: [a, 1]\n"),
              {"E-TYPE 7:25 /mainSteps/0/inputs/IteratorDataType", "E-TYPE 8:22 /mainSteps/0/inputs/Iterators/1"},
              "Boolean, Integer, String or StringMap"},
        Whole{
            "iterators", loop("      Iterators: a\n"), {"E-TYPE 7:18 /mainSteps/0/inputs/Iterators"}, "must be a list"},
        Whole{"same_name",
              loop(kEach, "{name: A, action: 'local:do', inputs: {}}"),
              {"E-NAME 6:22 /mainSteps/0/inputs/Steps/0/name"},
              "another step named A"},
        Whole{"jump_out",
              loop(kEach, "{name: B, action: 'local:do', inputs: {}, onFailure: 'step:C'}",
                   "  - {name: C, action: 'local:do', inputs: {}}\n"),
              {"E-TARGET 6:68 /mainSteps/0/inputs/Steps/0/onFailure"},
              "stays in the body"},
        Whole{"jump_in",
              loop(kEach, "{name: B, action: 'local:do', inputs: {}}", "    nextStep: B\n"),
              {"E-TARGET 8:15 /mainSteps/0/nextStep"},
              "stays in the body"},
        Whole{"condition",
              loop("      LoopCondition: {Variable: a}\n"),
              {"E-BRANCH 7:22 /mainSteps/0/inputs/LoopCondition"},
              "exactly one condition"},
        Whole{"circle",
              loop(kEach, "{name: B, action: 'local:do', inputs: {}, nextStep: B}"),
              {"E-CYCLE 6:15 /mainSteps/0/inputs/Steps/0"},
              "B > B"},
        Whole{"unreachable",
              loop(kEach,
                   "{name: B, action: 'local:do', inputs: {}, isEnd: true}, {name: C, action: 'local:do', inputs: "
                   "{}}"),
              {"W-UNREACH 6:71 /mainSteps/0/inputs/Steps/1"},
              "no step leads here"},
        Whole{"iteration_outside",
              loop(kEach, "{name: B, action: 'local:do', inputs: {}}",
                   "  - {name: C, action: 'local:do', inputs: {Text: '{{ A.CurrentIteration }}'}}\n"),
              {"E-REF 8:50 /mainSteps/1/inputs/Text"},
              "inside the loop only"},
        Whole{"body_output_before",
              loop("      Iterators: ['{{ B.Id }}']\n"),
              {"E-REF 7:19 /mainSteps/0/inputs/Iterators/0"},
              "cannot run before step A"},
        Whole{"output_of_the_iteration_before",
              loop(kEach,
                   "{name: B, action: 'local:do', inputs: {Text: '{{ C.Id }}'}}, {name: C, action: 'local:do', "
                   "inputs: {}}"),
              {"W-REF 6:60 /mainSteps/0/inputs/Steps/0/inputs/Text"},
              "not run before step B on every path"},
        Whole{"list_may_be_empty",
              loop("      Iterators: '{{ Zones }}'\n", "{name: B, action: 'local:do', inputs: {}}",
                   "  - {name: C, action: 'local:do', inputs: {Text: '{{ B.Id }}'}}\nparameters: {Zones: {type: "
                   "StringList}}\n"),
              {"W-REF 8:50 /mainSteps/1/inputs/Text"},
              "not run before step C"},
        Whole{"on_cancel",
              loop(kEach, "{name: B, action: 'local:do', inputs: {}}", "    onCancel: Abort\n"),
              {"E-KEY 8:15 /mainSteps/0/onCancel"},
              "has no onCancel"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Control, WholeRefuses,
    testing::Values(
        Whole{"pause_input", step("aws:pause", "{Time: 1}"), {"E-KEY 5:14 /mainSteps/0/inputs/Time"}, "no input"},
        Whole{"approvals",
              step("aws:approve", "{Approvers: [a, b], MinRequiredApprovals: 3}"),
              {"E-TYPE 5:55 /mainSteps/0/inputs/MinRequiredApprovals"},
              "3 approvals are required of 2 approvers"},
        Whole{"no_approvers", step("aws:approve", "{}"), {"E-KEY 5:13 /mainSteps/0/inputs"}, "'Approvers'"},
        Whole{"empty_approvers",
              step("aws:approve", "{Approvers: []}"),
              {"E-TYPE 5:25 /mainSteps/0/inputs/Approvers"},
              "1 to 10"},
        Whole{"long_message",
              step("aws:approve", "{Approvers: [a], Message: " + std::string(4097, 'x') + "}"),
              {"E-TYPE 5:39 /mainSteps/0/inputs/Message"},
              "4096"},
        Whole{"child_targets",
              step("aws:executeAutomation", "{DocumentName: d, Targets: [], TargetLocations: [{}, {}]}"),
              {"E-RATE 5:40 /mainSteps/0/inputs/Targets", "E-RATE 5:61 /mainSteps/0/inputs/TargetLocations"},
              "several"},
        Whole{"child_maps",
              step("aws:executeAutomation", "{DocumentName: d, TargetMaps: [{}]}"),
              {"E-RATE 5:43 /mainSteps/0/inputs/TargetMaps"},
              "several"},
        Whole{"child_here",
              step("aws:executeAutomation",
                   "{DocumentName: d, DocumentVersion: $DEFAULT, TargetLocations: [{Accounts: ['{{ global:ACCOUNT_ID "
                   "}}'], Regions: ['{{global:REGION}}'], TargetLocationMaxConcurrency: '1'}]}"),
              {},
              ""},
        Whole{"child_elsewhere",
              step("aws:executeAutomation",
                   "{DocumentName: d, TargetLocations: [{Accounts: ['111122223333'], Regions: [], "
                   "ExecutionRoleName: r, Targets: []}]}"),
              {"E-RATE 5:60 /mainSteps/0/inputs/TargetLocations/0/Accounts",
               "E-RATE 5:87 /mainSteps/0/inputs/TargetLocations/0/Regions",
               "E-RATE 5:110 /mainSteps/0/inputs/TargetLocations/0/ExecutionRoleName",
               "E-KEY 5:113 /mainSteps/0/inputs/TargetLocations/0/Targets"},
              "Regions may be ['{{ global:REGION }}'] alone"},
        Whole{"child_version",
              step("aws:executeAutomation", "{DocumentName: d, DocumentVersion: 3}"),
              {"E-DOCUMENT 5:48 /mainSteps/0/inputs/DocumentVersion"},
              "no version '3'"},
        Whole{"child_of_nothing",
              step("aws:executeAutomation", "{}"),
              {"E-KEY 5:13 /mainSteps/0/inputs"},
              "'DocumentName'"},
        Whole{"unknown_variable",
              step("aws:updateVariable", "{Name: 'variable:X', Value: 1}"),
              {"E-REF 5:20 /mainSteps/0/inputs/Name"},
              "no variable 'X'"},
        Whole{"variable_type",
              step("aws:updateVariable", "{Name: 'variable:X', Value: one}", "variables: {X: {type: Integer}}\n"),
              {"E-TYPE 5:41 /mainSteps/0/inputs/Value"},
              "not of type Integer"},
        Whole{"variable_reference",
              step("local:do", "{Text: '{{ variable:Lost }}'}", "variables: {Last: {type: String}}\n"),
              {"E-REF 5:20 /mainSteps/0/inputs/Text"},
              "did you mean Last?"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Top, WholeRefuses,
    testing::Values(
        Whole{"policy", "schemaVersion: '2.0'\n" + kStep, {"E-SCHEMA 1:16 /schemaVersion"}, "a Policy document"},
        Whole{"command_1_2", "schemaVersion: '1.2'\n" + kStep, {"E-SCHEMA 1:16 /schemaVersion"}, "a Command document"},
        Whole{"variable_key",
              kHead + "variables: {A: {type: String, displayType: x}}\n" + kStep,
              {"E-KEY 2:31 /variables/A/displayType"},
              "variable A has no key"},
        Whole{"variable_default",
              kHead + "variables: {A: {type: Integer, default: a}}\n" + kStep,
              {"E-TYPE 2:41 /variables/A/default"},
              "not of type Integer"},
        Whole{"variable_aws_type",
              kHead + "variables: {A: {type: 'AWS::EC2::Image::Id'}}\n" + kStep,
              {"E-TYPE 2:23 /variables/A/type"},
              "unknown"},
        Whole{"variable_beyond_the_service",
              kHead + "variables: {A: {type: String, default: " + std::string(513, 'x') + "}}\n" + kStep,
              {"W-LIMIT 2:40 /variables/A/default"},
              "512"},
        Whole{"ssm_in_a_map",
              kHead + "parameters: {A: {type: StringMap, default: '{{ ssm:/a }}'}}\n" + kStep,
              {"E-SSMREF 2:44 /parameters/A/default"},
              "String or StringList only"},
        Whole{"files_without_a_script",
              kHead + kStep + "files: {a.py: {checksums: {sha256: " + std::string(64, 'a') + "}}}\n",
              {"E-KEY 3:8 /files"},
              "aws:executeScript only"},
        Whole{"files",
              kHead + kStep + "files: {a.py: {checksums: {sha256: 1}}, b.py: {size: 999999999, checksums: {sha256: " +
                  std::string(64, 'a') + "}, sum: 1}}\n",
              {"E-KEY 3:8 /files", "E-KEY 3:27 /files/a.py/checksums", "E-LIMIT 3:54 /files/b.py/size",
               "E-KEY 3:152 /files/b.py/sum"},
              "64 hexadecimal"},
        Whole{"too_many_files",
              kHead + kStep + "files:\n" +
                  [] {
                    std::string many;
                    for (int i = 0; i < 6; ++i) {
                      many += "  f" + std::to_string(i) + ": {checksums: {sha256: " + std::string(64, 'a') + "}}\n";
                    }
                    return many;
                  }(),
              {"E-KEY 4:3 /files", "E-LIMIT 4:3 /files"},
              "more than 5"}),
    kName);

INSTANTIATE_TEST_SUITE_P(
    Aws, WholeRefuses,
    testing::Values(
        Whole{"no_service", step("aws:executeAwsApi", "{Api: X}"), {"E-API 5:13 /mainSteps/0/inputs"}, "'Service'"},
        Whole{"no_api", step("aws:executeAwsApi", "{Service: x}"), {"E-API 5:13 /mainSteps/0/inputs"}, "'Api'"},
        Whole{"service_name",
              call("ServiceCatalog", "DescribeRecord"),
              {"E-API 5:23 /mainSteps/0/inputs/Service"},
              "as in boto3"},
        Whole{"operation_name", call("ec2", "'describe images'"), {"E-API 5:33 /mainSteps/0/inputs/Api"}, "describe_"},
        Whole{"streaming", call("s3", "get_object"), {"E-API 5:32 /mainSteps/0/inputs/Api"}, "streaming"},
        Whole{"assert_on_a_write",
              wait("Api: StopInstances, PropertySelector: $.A, DesiredValues: [a]"),
              {"E-API 5:33 /mainSteps/0/inputs/Api"},
              "no reading operation"},
        Whole{"selector",
              wait("Api: DescribeInstances, PropertySelector: '$.A[?(@.b)]', DesiredValues: [a]"),
              {"E-SEL 5:70 /mainSteps/0/inputs/PropertySelector"},
              "character 5"},
        Whole{"no_desired_values",
              wait("Api: DescribeInstances, PropertySelector: $.A, DesiredValues: []"),
              {"E-TYPE 5:90 /mainSteps/0/inputs/DesiredValues"},
              "at least one"},
        Whole{"no_property",
              wait("Api: DescribeInstances"),
              {"E-KEY 5:13 /mainSteps/0/inputs", "E-KEY 5:13 /mainSteps/0/inputs"},
              "PropertySelector"},
        Whole{"wait_without_timeout",
              step("aws:waitForAwsResourceProperty",
                   "{Service: ec2, Api: DescribeInstances, PropertySelector: $.A, DesiredValues: [a]}"),
              {"W-TIMEOUT 3:5 /mainSteps/0"},
              "an hour"},
        Whole{"long_call",
              call("ec2", "DescribeInstances", "    timeoutSeconds: 30\n"),
              {"W-TIMEOUT 6:21 /mainSteps/0/timeoutSeconds"},
              "25 s"},
        Whole{"unsafe_twice",
              call("sns", "publish", "    maxAttempts: 2\n"),
              {"W-NOTOKEN 5:33 /mainSteps/0/inputs/Api", "W-EFFECT 6:18 /mainSteps/0/maxAttempts"},
              "twice"},
        Whole{"unsafe_in_haste",
              call("sqs", "ReceiveMessage", "    timeoutSeconds: 5\n"),
              {"W-EFFECT 6:21 /mainSteps/0/timeoutSeconds"},
              "less than 10 s"},
        Whole{"no_token",
              call("ec2", "CreateSnapshot"),
              {"W-NOTOKEN 5:33 /mainSteps/0/inputs/Api"},
              "no idempotency token"},
        Whole{"output_without_selector",
              call("ec2", "DescribeInstances", "    outputs: [{Name: A}]\n"),
              {"E-SEL 6:15 /mainSteps/0/outputs/0"},
              "needs a Selector"},
        Whole{"output_selector",
              call("ec2", "DescribeInstances", "    outputs: [{Name: A, Selector: '$.A[0:1]', Type: Text}]\n"),
              {"E-SEL 6:35 /mainSteps/0/outputs/0/Selector", "E-TYPE 6:53 /mainSteps/0/outputs/0/Type"},
              "slices"},
        Whole{"output_twice",
              call("ec2", "DescribeInstances", "    outputs: [{Name: A, Selector: $.A}, {Name: A, Selector: $.B}]\n"),
              {"E-NAME 6:48 /mainSteps/0/outputs/1/Name"},
              "another output named A"},
        Whole{
            "output_nobody_declared",
            call("ec2", "DescribeInstances",
                 "    outputs: [{Name: Id, Selector: $.A}]\n  - {name: B, action: 'local:do', inputs: {Text: '{{ A.Idd "
                 "}}'}}\n"),
            {"E-REF 7:50 /mainSteps/1/inputs/Text"},
            "it gives: Id"},
        Whole{"webhook", step("aws:invokeWebhook", "{}"), {"E-ACTION 4:13 /mainSteps/0/action"}, "not enabled here"},
        Whole{"stack",
              step("aws:createStack",
                   "{StackName: a, TemplateBody: b, TemplateURL: c, OnFailure: d, DisableRollback: "
                   "true}"),
              {"E-KEY 5:58 /mainSteps/0/inputs/TemplateURL", "E-KEY 5:72 /mainSteps/0/inputs/OnFailure"},
              "not both"},
        Whole{"stack_of_nothing",
              step("aws:createStack", "{StackName: a}"),
              {"E-KEY 5:13 /mainSteps/0/inputs"},
              "TemplateBody or TemplateURL"},
        Whole{"state",
              step("aws:changeInstanceState", "{InstanceIds: [i], DesiredState: off}"),
              {"E-TYPE 5:46 /mainSteps/0/inputs/DesiredState"},
              "terminated"},
        Whole{"command_to_nobody",
              step("aws:runCommand", "{DocumentName: d}"),
              {"E-KEY 5:13 /mainSteps/0/inputs"},
              "InstanceIds or Targets"},
        Whole{"quiet_end",
              kHead + "mainSteps:\n  - {name: A, action: 'local:do', inputs: {}}\n  - {name: Tell, action: "
                      "'aws:executeAwsApi', inputs: {Service: events, Api: PutEvents, Entries: []}}\n",
              {"W-END 3:5 /mainSteps/0"},
              "without an event"}),
    kName);

TEST(WholeDocument, a_failure_that_tells_of_itself_is_no_quiet_end) {
  const auto loaded = load_whole(kHead + R"(mainSteps:
  - {name: A, action: 'local:do', inputs: {}, onFailure: 'step:Tell'}
  - {name: Tell, action: 'aws:executeAwsApi', inputs: {Service: events, Api: put_events, Entries: []}}
)");
  EXPECT_THAT(places(loaded), IsEmpty()) << words(loaded);
}

}  // namespace
}  // namespace slipway::workflow
