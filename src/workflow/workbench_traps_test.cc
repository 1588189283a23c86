// The traps in the research workbench's own documents (automation-documents.md, 1.12), in documents of our own that
// have them too; one test each. What needs AWS to be walked into is shown as far as the document and the transition go.

#include "workflow/aws_actions.h"
#include "workflow/document_fixture.h"
#include "workflow/parameters.h"
#include "workflow/transition.h"

namespace slipway::workflow {
namespace {

namespace json = boost::json;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using Kind = Event::Kind;

constexpr std::string_view kLaunch = R"(schemaVersion: '0.3'
assumeRole: ''
parameters:
  EnvId: {type: String}
  Policy: {type: String, default: '[]'}
  Name: {type: String, allowedPattern: '\w[\w-]*\b'}
  Minutes: {type: String, allowedPattern: '\d+', default: '5'}
  Account: {type: String, allowedPattern: '\d{12}', default: '111122223333'}
mainSteps:
  - name: Provision
    action: aws:executeAwsApi
    maxAttempts: 3
    inputs: {Service: servicecatalog, Api: ProvisionProduct, ProvisionedProductName: '{{ Name }}', Policy: '{{ Policy }}'}
    outputs: [{Name: Id, Selector: $.RecordDetail.ProvisionedProductId, Type: String}]
  - name: Ready
    action: aws:waitForAwsResourceProperty
    timeoutSeconds: 600
    inputs:
      Service: servicecatalog
      Api: DescribeProvisionedProduct
      Id: '{{ Provision.Id }}'
      PropertySelector: $.ProvisionedProductDetail.Status
      DesiredValues: [AVAILABLE, ERROR]
  - name: Look
    action: aws:executeAwsApi
    inputs: {Service: servicecatalog, Api: DescribeProvisionedProduct, Id: '{{ Provision.Id }}'}
    outputs:
      - {Name: Status, Selector: $.ProvisionedProductDetail.Status, Type: String}
      - {Name: Message, Selector: $.ProvisionedProductDetail.StatusMessage, Type: String}
      - {Name: Errors, Selector: $.RecordErrors, Type: StringList}
  - name: Decide
    action: aws:branch
    inputs: {Choices: [{Variable: '{{ Look.Status }}', StringEquals: AVAILABLE, NextStep: TellReady}], Default: TellFailed}
  - name: TellReady
    action: aws:executeAwsApi
    inputs:
      Service: events
      Api: PutEvents
      Entries: [{Source: automation, DetailType: Launch, EventBusName: default,
                 Detail: '{"EnvId": "{{ EnvId }}", "Operation": "Launch", "Status": "COMPLETED"}'}]
    isEnd: true
  - name: TellFailed
    action: aws:executeAwsApi
    inputs:
      Service: events
      Api: PutEvents
      Entries: [{Source: automation, DetailType: Launch, EventBusName: default,
                 Detail: '{"EnvId": "{{ EnvId }}", "Status": "FAILED", "ErrorMessage": "{{ Look.Message }}"}'}]
    isEnd: true
)";

constexpr std::string_view kTerminate = R"(schemaVersion: '0.3'
parameters:
  Id: {type: String}
  TerminateToken: {type: String}
mainSteps:
  - name: Terminate
    action: aws:executeAwsApi
    maxAttempts: 3
    inputs: {Service: servicecatalog, Api: TerminateProvisionedProduct, ProvisionedProductId: '{{ Id }}',
             TerminateToken: '{{ TerminateToken }}'}
    outputs: [{Name: Errors, Selector: $.RecordDetail.RecordErrors, Type: StringList}]
  - name: Tell
    action: aws:executeAwsApi
    inputs:
      Service: events
      Api: PutEvents
      Entries: [{Source: automation, DetailType: Terminate, EventBusName: default,
                 Detail: '{"Status": "TERMINATING_FAILED", "ErrorMessage": {{ Terminate.Errors }}}'}]
)";

struct WorkbenchTraps : testing::Test {
  WorkbenchTraps() {
    add_aws_actions(actions);
    identity.installation_id = "installation";
    identity.execution_id = base::ExecutionId("e");
  }

  void begin(std::string_view document, json::object given) {
    loaded = load_document("workbench.yaml", document, actions);
    ASSERT_TRUE(loaded.plan) << words(loaded);
    const auto bound = bind_parameters(*loaded.plan, given, identity, now);
    ASSERT_TRUE(bound) << bound.error().message;
    state.parameters = *bound;
    feed(Kind::start);
  }
  void begin_launch() { begin(kLaunch, {{"EnvId", "env"}, {"Name", "note-book"}}); }

  const Command& feed(Kind kind, json::object answer = {}, base::Error error = {}) {
    Event event;
    event.kind = kind;
    event.now = now;
    event.of = {state.at.step, state.at.visit, state.at.attempt};
    event.outputs = std::move(answer);
    event.error = std::move(error);
    last = transition(*loaded.plan, identity, state, event);
    state = last.state;
    return last.command;
  }
  const Command& wake() {
    now = state.wake_at;
    return feed(Kind::timer);
  }
  // Up to the step that looks, which gets `answer`.
  void look(json::object answer) {
    begin_launch();
    feed(Kind::succeeded, {{"RecordDetail", {{"ProvisionedProductId", "pp-1"}}}});
    feed(Kind::succeeded);
    feed(Kind::succeeded, std::move(answer));
  }
  json::value detail() const { return json::parse(last.command.inputs.at("Entries").at(0).at("Detail").as_string()); }

  ActionRegistry actions;
  Loaded loaded;
  Identity identity;
  State state;
  Transition last;
  base::Time now{std::chrono::milliseconds(1'700'000'000'000)};
};

TEST_F(WorkbenchTraps, trap_1_all_ambiguous_attempts_send_one_token) {
  begin_launch();
  const auto token = last.command.token;
  EXPECT_FALSE(last.command.inputs.contains("ProvisionToken"));
  EXPECT_EQ(last.command.step->effect, EffectClass::token);
  for (int attempt = 2; attempt <= 3; ++attempt) {
    feed(Kind::failed, {}, base::unavailable("the connection was cut"));
    EXPECT_EQ(wake().token, token) << attempt;
  }
  EXPECT_EQ(feed(Kind::resume).token, token);
}

TEST_F(WorkbenchTraps, trap_2_the_token_of_the_document_arrives_as_it_is_and_is_no_secret) {
  begin(kTerminate, {{"Id", "pp-1"}, {"TerminateToken", "mine"}});
  EXPECT_EQ(last.command.inputs.at("TerminateToken"), "mine");
  EXPECT_EQ(last.command.step->effect, EffectClass::token);
  EXPECT_THAT(last.journal.at(0).payload, HasSubstr("\"TerminateToken\":\"mine\""));
}

TEST_F(WorkbenchTraps, trap_3_a_state_that_is_not_waited_for_runs_into_the_time_out) {
  begin_launch();
  feed(Kind::succeeded, {{"RecordDetail", {{"ProvisionedProductId", "pp-1"}}}});
  EXPECT_EQ(state.at.step, "Ready");
  EXPECT_EQ(last.command.inputs.at("DesiredValues"), (json::array{"AVAILABLE", "ERROR"})) << "TAINTED is none";
  EXPECT_EQ(state.at.deadline, now + std::chrono::seconds(600)) << "as the document says, and no sooner";
  now = state.at.deadline;
  feed(Kind::timed_out, {}, base::timed_out("it stayed TAINTED"));
  EXPECT_EQ(state.status, Status::timed_out);
}

TEST_F(WorkbenchTraps, trap_4_what_is_absent_when_all_is_well_is_unset_and_no_failure) {
  look({{"ProvisionedProductDetail", {{"Status", "AVAILABLE"}}}});
  EXPECT_EQ(state.steps.at("Look").status, Status::success);
  EXPECT_FALSE(state.outputs.at("Look").as_object().contains("Message"));
  EXPECT_EQ(state.at.step, "TellReady");
  feed(Kind::succeeded);
  EXPECT_EQ(state.status, Status::success);
}

TEST_F(WorkbenchTraps, trap_4_who_refers_to_it_then_fails) {
  look({{"ProvisionedProductDetail", {{"Status", "ERROR"}}}});
  EXPECT_EQ(state.status, Status::failed);
  EXPECT_EQ(state.failure->step, "TellFailed");
  EXPECT_EQ(state.failure->code, "UnsetReference");
}

// The environment's state follows from the end of the execution: broker/environments_test.cc,
// AFailedLaunchIsTakenBackAndKeepsTheCodeOfTheStepThatFailedFirst.
TEST_F(WorkbenchTraps, trap_5_an_end_without_an_event_is_warned_of_and_says_why_it_came) {
  begin_launch();
  EXPECT_THAT(places(loaded), Contains(StartsWith("W-END"))) << words(loaded);
  auto refused = base::invalid("no such product");
  refused.code = "ResourceNotFoundException";
  feed(Kind::failed, {}, std::move(refused));
  EXPECT_EQ(state.status, Status::failed);
  EXPECT_EQ(state.failure->code, "ResourceNotFoundException");
  EXPECT_THAT(state.failure->message, HasSubstr("no such product"));
}

TEST_F(WorkbenchTraps, trap_6_a_list_stands_unquoted_and_a_text_inside_quotes_is_escaped) {
  begin(kTerminate, {{"Id", "pp-1"}, {"TerminateToken", "mine"}});
  feed(Kind::succeeded, {{"RecordDetail", {{"RecordErrors", {"one \"bad\" thing", "another"}}}}});
  EXPECT_EQ(detail().at("ErrorMessage"), (json::value{"one \"bad\" thing", "another"}));
  state = {};
  look({{"ProvisionedProductDetail", {{"Status", "ERROR"}, {"StatusMessage", "it said \"no\""}}}});
  EXPECT_EQ(detail().at("ErrorMessage"), "it said \"no\"");
  const auto notes = [&](const storage::JournalRow& row) { return row.payload.find("W-ESC") != std::string::npos; };
  EXPECT_TRUE(std::ranges::any_of(last.journal, notes));
}

TEST_F(WorkbenchTraps, trap_7_errors_that_are_objects_become_a_list_of_texts) {
  begin(kTerminate, {{"Id", "pp-1"}, {"TerminateToken", "mine"}});
  feed(Kind::succeeded, {{"RecordDetail", {{"RecordErrors", json::array{{{"Code", "E"}, {"Description", "d"}}}}}}});
  EXPECT_EQ(state.outputs.at("Terminate").at("Errors"), (json::array{R"({"Code":"E","Description":"d"})"}));
  EXPECT_TRUE(detail().at("ErrorMessage").is_array());
}

TEST_F(WorkbenchTraps, trap_8_an_empty_role_is_the_callers_and_no_error) {
  begin_launch();
  EXPECT_THAT(places(loaded), Not(Contains(StartsWith("E-ROLE"))));
  EXPECT_EQ(loaded.plan->assume_role, "");
}

TEST_F(WorkbenchTraps, trap_9_json_text_stays_text) {
  begin(kLaunch, {{"EnvId", "env"}, {"Name", "n"}, {"Policy", R"([{"a": 1}])"}});
  EXPECT_EQ(last.command.inputs.at("Policy"), R"([{"a": 1}])");
}

TEST_F(WorkbenchTraps, trap_10_patterns_without_anchors_mean_the_whole_value) {
  begin_launch();
  EXPECT_THAT(places(loaded), Contains(StartsWith("W-PAT")));
  for (const auto& [name, wrong] : {std::pair{"Minutes", "5m"}, {"Account", "1111222233334"}, {"Name", "-n"}}) {
    json::object given{{"EnvId", "env"}, {"Name", "n"}};
    given[name] = wrong;
    const auto bound = bind_parameters(*loaded.plan, given, identity, now);
    ASSERT_FALSE(bound) << name;
    EXPECT_THAT(bound.error().message, HasSubstr("does not match the pattern"));
  }
}

// What such an event means to an environment: broker/outside_status_test.cc. That it is written in the step's own
// transaction comes with the event bus.
TEST_F(WorkbenchTraps, trap_11_the_event_goes_to_the_default_bus_with_what_the_status_handler_reads) {
  look({{"ProvisionedProductDetail", {{"Status", "AVAILABLE"}}}});
  const auto& entry = last.command.inputs.at("Entries").at(0);
  EXPECT_EQ(entry.at("Source"), "automation");
  EXPECT_EQ(entry.at("DetailType"), "Launch");
  EXPECT_EQ(entry.at("EventBusName"), "default");
  EXPECT_EQ(detail(), (json::value{{"EnvId", "env"}, {"Operation", "Launch"}, {"Status", "COMPLETED"}}));
}

// Trap 12, statuses that are dropped by comparing two clocks: broker/environments_test.cc,
// AClockThatWasSetBackDropsNoStatus, and broker/outside_status_test.cc.

TEST_F(WorkbenchTraps,
       trap_13_it_is_started_by_arn_with_lists_of_texts_and_whatever_the_caller_computes_must_be_declared) {
  begin_launch();
  EXPECT_EQ(document_base_name("arn:aws:ssm:us-east-1:111122223333:document/Launch-1"), "Launch-1");
  const auto typed = from_text_lists(*loaded.plan, {{"EnvId", json::array{"env"}}, {"Name", json::array{"n"}}});
  EXPECT_TRUE(bind_parameters(*loaded.plan, typed, identity, now));
  auto more = typed;
  more["PathId"] = "lp-1";
  const auto bound = bind_parameters(*loaded.plan, more, identity, now);
  ASSERT_FALSE(bound);
  EXPECT_THAT(bound.error().message, HasSubstr("PathId: document workbench.yaml has no such parameter"));
}

}  // namespace
}  // namespace slipway::workflow
