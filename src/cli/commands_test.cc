#include "cli/commands.h"

#include <gmock/gmock.h>

#include "cli/exit_code.h"
#include "cli/test_support.h"

namespace slipway::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Commands : public CommandLineTest {};

struct Refusal {
  int status;
  const char* body;
  int exit_code;
  const char* message;
};

TEST_F(Commands, TheServersRefusalsBecomeOneSentenceAndAnExitCode) {
  for (auto refusal : std::vector<Refusal>{
           {400, R"({"message":"Bad Request: 'x' is wrong"})", 1, "slipway: 'x' is wrong\n"},
           {400, R"({"message":"Bad Request: Cluster demo already exists."})", 5,
            "slipway: Cluster demo already exists.\n"},
           {401, R"({"message":"who are you"})", 4, "slipway: who are you\n  Signed with access key AKIALOCAL from "},
           {403, R"({"Message":"not authorized"})", 4, "slipway: not authorized\n"},
           {404, R"({"message":"Cluster 'demo' does not exist."})", 3, "slipway: Cluster 'demo' does not exist.\n"},
           {409, R"({"message":"in progress"})", 5, "slipway: in progress\n"},
           {429, R"({"message":"Too Many Requests"})", 6, "slipway: Too Many Requests\n"},
           {504, R"({"message":"Endpoint request timed out"})", 124, "slipway: Endpoint request timed out\n"},
           {400,
            R"({"message":"Invalid cluster configuration: The following supplied instance types do not exist: [x]"})",
            1,
            "slipway: Invalid cluster configuration: The following supplied instance types do not exist: [x]\n"
            "  Name another; "},
           {500, R"({"message":"boom"})", 1, "slipway: boom\n"},
           {502, "<html>", 1, "slipway: https://127.0.0.1:8443 answered with status 502 and no message.\n"},
       }) {
    auto name = "c" + std::to_string(refusal.status) + std::to_string(requests_.size());
    answer("GET /v3/clusters/" + name, refusal.status, refusal.body);
    auto refused = run({"cluster", "describe", name});
    EXPECT_EQ(refused.exit_code, refusal.exit_code) << refusal.body;
    EXPECT_EQ(refused.err.substr(0, std::string(refusal.message).size()), refusal.message);
    EXPECT_EQ(refused.out, "");
  }
}

TEST_F(Commands, AnAnswerThatIsNoJsonIsAnError) {
  answer("GET /slipway/v1/keys", 200, "{\"keys\": [{\"name\": \"\xff\"}]}");
  const auto listed = run({"key", "list"});
  EXPECT_EQ(listed.exit_code, 1);
  EXPECT_EQ(listed.out, "");
  EXPECT_THAT(listed.err, HasSubstr("sends what is no JSON: is it a Slipway broker?"));
  answer("POST /v3/clusters", 202, "<html>");
  const auto config = folder_.write("cluster.yaml", "Region: local\n");
  EXPECT_EQ(run({"cluster", "create", "one", "-c", config}).exit_code, 1);
}

TEST_F(Commands, AnAwsKeyThatTheLocalBrokerRefusesIsNamedWithTheWayOut) {
  variables_["AWS_ACCESS_KEY_ID"] = "AKIAFROMAWS";
  variables_["AWS_SECRET_ACCESS_KEY"] = "very-secret";
  answer("GET /v3/clusters", 403, R"({"message":"denied"})");
  auto refused = run({"cluster", "list"});
  EXPECT_THAT(refused.err, HasSubstr("Signed with access key AKIAFROMAWS from AWS_ACCESS_KEY_ID."));
  EXPECT_THAT(refused.err, HasSubstr("unset AWS_ACCESS_KEY_ID"));
  EXPECT_THAT(refused.err, testing::Not(HasSubstr("very-secret")));
}

TEST_F(Commands, WrongUseIsExitCodeTwo) {
  for (std::vector<std::string> words : std::vector<std::vector<std::string>>{
           {},
           {"clutser"},
           {"cluster"},
           {"cluster", "describe"},
           {"cluster", "list", "--no-such"},
           {"cluster", "list", "-o", "xml"},
           {"cluster", "create", "demo"},
           {"cluster", "create", "demo", "--config", "x", "--rollback-on-failure", "perhaps"},
           {"cluster", "list", "--url", "http://127.0.0.1"},
           {"env", "launch", "process", "web", "-p", "Size"}}) {
    EXPECT_EQ(run(words).exit_code, 2) << testing::PrintToString(words);
  }
  EXPECT_TRUE(requests_.empty());
}

TEST_F(Commands, AWordThatIsNotThereIsToldWithTheNearestOne) {
  const auto complaint = [&](std::vector<std::string> words) {
    testing::internal::CaptureStderr();
    EXPECT_EQ(run(std::move(words)).exit_code, 2);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(complaint({"clutser"}), HasSubstr("`slipway` has no command clutser; did you mean cluster?"));
  EXPECT_THAT(complaint({"env", "lst"}), HasSubstr("`slipway env` has no command lst; did you mean list?"));
  EXPECT_THAT(complaint({"env", "frobnicate"}),
              HasSubstr("`slipway env` has no command frobnicate\nSee `slipway env --help`."));
  EXPECT_THAT(complaint({"env", "list", "--stats", "failed"}),
              HasSubstr("`slipway env list` has no option --stats; did you mean --status?"));
  EXPECT_THAT(complaint({"env", "show", "one", "two"}), HasSubstr("`slipway env show` does not take two"));
  EXPECT_THAT(complaint({"env", "extend", "nb"}),
              HasSubstr("--for is required: How long it lives from now on, such as 8h\n"));
  EXPECT_THAT(complaint({"env", "extend", "nb", "--for"}),
              HasSubstr("--for needs a value: How long it lives from now on, such as 8h\n"));
}

TEST_F(Commands, HelpIsNoError) {
  EXPECT_EQ(run({"--help"}).exit_code, 0);
  EXPECT_EQ(run({"cluster", "create", "--help"}).exit_code, 0);
}

TEST_F(Commands, AKeysSecretIsPrintedInTheFormOfAwsCredentials) {
  answer("POST /slipway/v1/keys", 201, R"({"accessKeyId":"AKIA1","secretAccessKey":"s3","name":"ci"})");
  auto made = run({"key", "create", "ci"});
  EXPECT_EQ(made.out, "[ci]\naws_access_key_id = AKIA1\naws_secret_access_key = s3\n");
  EXPECT_THAT(made.err, HasSubstr("shown this once"));
  EXPECT_EQ(requests_.at(0).body, R"({"name":"ci","rights":"administrator"})");
}

TEST_F(Commands, KeysAreListedAndRevokedById) {
  answer("GET /slipway/v1/keys", 200,
         R"({"keys":[{"accessKeyId":"AKIA1","name":"ci","createdAt":"2021-04-30T00:00:00.000Z"}]})");
  answer("DELETE /slipway/v1/keys/AKIA1", 204, "");
  EXPECT_EQ(run({"key", "list", "-o", "name"}).out, "AKIA1\n");
  EXPECT_EQ(run({"key", "revoke", "AKIA1"}).exit_code, 0);
}

TEST(Completion, OffersCommandsOptionsValuesAndWhatOnlyTheCallerCanList) {
  CommandLine line("x", "1");
  std::string name, file, form;
  auto cluster = line.root().add("cluster", "Clusters");
  auto create = cluster.add("create", "Create one");
  create.argument("NAME", name, "Its name", {.completes = Completes::clusters});
  create.option("-c,--config", file, "A file", {.completes = Completes::files});
  create.option("--output", form, "A form", {.choices = {"json", "yaml"}});
  cluster.add("delete", "Delete one");

  EXPECT_THAT(line.complete({""}), ElementsAre("cluster\tClusters"));
  EXPECT_THAT(line.complete({"cluster", "c"}), ElementsAre("create\tCreate one"));
  EXPECT_THAT(line.complete({"cluster", "create", "--o"}), ElementsAre(HasSubstr("--output\tA form")));
  EXPECT_THAT(line.complete({"cluster", "create", "--output", "y"}), ElementsAre("yaml\t"));
  EXPECT_THAT(line.complete({"cluster", "create", "--output=j"}), ElementsAre("--output=json\t"));
  EXPECT_THAT(line.complete({"cluster", "create", "-c", ""}), ElementsAre(":files"));
  EXPECT_THAT(line.complete({"cluster", "create", ""}), ElementsAre(":clusters"));
  EXPECT_THAT(line.complete({"cluster", "create", "x", ""}), ElementsAre());
}

constexpr const char* kEnvironment =
    R"({"id":"env-1","name":"nb","type":"jupyter","region":"local","owner":"a","status":"pending",)"
    R"("createdAt":"2021-04-30T00:00:00.000Z"})";

TEST_F(Commands, AnEnvironmentIsLaunchedWithItsParameters) {
  answer("POST /slipway/v1/environments", 202, kEnvironment);
  const auto file = folder_.write("parameters.yaml", "Idle: 5\nName: file\n");
  const auto ran =
      run({"env", "launch", "jupyter", "nb", "--configuration", "SMALL", "--parameters", file, "-p", "Name=a, b=c",
           "-p", R"(Size=[3,"x"])", "--time-to-live", "8h", "--version", "2", "-o", "name"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, "nb\n");
  EXPECT_EQ(
      requests_.at(0).body,
      R"({"type":"jupyter","name":"nb","parameters":{"Idle":5,"Name":"a, b=c","Size":[3,"x"]},"version":2,"configuration":"SMALL","timeToLive":"8h"})");
  EXPECT_EQ(run({"env", "launch", "jupyter", "nb", "-p", "novalue"}).exit_code, 2);
}

TEST_F(Commands, ABrokenFileOfParametersIsNamed) {
  const auto file = folder_.write("parameters.yaml", "Idle: 5\nName: [\n");
  const auto ran = run({"env", "launch", "jupyter", "nb", "--parameters", file});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("slipway: " + file + ": line "));
}

TEST_F(Commands, AnEnvironmentIsShownWithWhatItWasLaunchedWith) {
  answer("GET /slipway/v1/environments/nb", 200,
         R"({"name":"nb","type":"jupyter","typeVersion":3,"configuration":"SMALL","parameters":{"MemoryMiB":1024},)"
         R"("outputs":{"Start.Port":8001}})");
  const auto shown = run({"env", "show", "nb"}).out;
  for (const auto* row : {"Type version         3\n", "Configuration        SMALL\n", "Parameter MemoryMiB  1024\n",
                          "Start.Port           8001\n"}) {
    EXPECT_THAT(shown, HasSubstr(row));
  }
}

TEST_F(Commands, EnvironmentsAreListedShownAndChanged) {
  answer("GET /slipway/v1/environments", 200, std::string(R"({"environments":[)") + kEnvironment + "]}");
  answer("GET /slipway/v1/environments/nb", 200, kEnvironment);
  answer("POST /slipway/v1/environments/nb/stop", 409, R"({"kind":"conflict","message":"It is pending."})");
  answer("DELETE /slipway/v1/environments/nb", 202, kEnvironment);
  EXPECT_THAT(run({"env", "list"}).out, HasSubstr("jupyter"));
  EXPECT_THAT(run({"env", "show", "nb"}).out, HasSubstr("env-1"));
  const auto refused = run({"env", "stop", "nb"});
  EXPECT_EQ(refused.exit_code, 5);
  EXPECT_THAT(refused.err, HasSubstr("It is pending."));
  EXPECT_EQ(run({"env", "terminate", "nb"}).exit_code, 0);
  EXPECT_EQ(run({"__complete", "env", "show", "n"}).out, "nb\tpending\n");
}

TEST_F(Commands, AConnectionIsShownWithItsInstructionForPeople) {
  answer("POST /slipway/v1/environments/nb/connect", 200,
         R"({"values":{"url":"http://127.0.0.1:1/"},"instruction":"Open #{\"type\":\"link\",\"hrefKey\":\"url\",)"
         R"(\"text\":\"the notebook\"} or #{this}."})");
  const auto shown = run({"env", "connect", "nb"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("http://127.0.0.1:1/\nOpen the notebook (url, above) or #{this}.\n"));
  EXPECT_EQ(run({"env", "connect", "nb", "-o", "name"}).out, "http://127.0.0.1:1/\n");
}

TEST_F(Commands, WhatAnEnvironmentHasMadeIsListed) {
  answer("GET /slipway/v1/environments/nb/resources", 200,
         R"({"resources":[{"kind":"port","locator":"8001","state":"gone","recordedAt":"2021-04-30T00:00:00.000Z"}]})");
  EXPECT_THAT(run({"env", "resources", "nb"}).out, HasSubstr("port  8001      gone   2021-04-30 00:00:00 UTC"));
}

TEST_F(Commands, WaitingForAnEnvironmentEndsAsItDoes) {
  answer("POST /slipway/v1/environments/nb/start", 202, kEnvironment);
  answer("GET /slipway/v1/environments/env-1", 200,
         R"({"id":"env-1","name":"nb","status":"starting_failed","createdAt":"2021-04-30T00:00:00.000Z"})");
  const auto ran = run({"env", "start", "nb", "--wait"});
  EXPECT_EQ(ran.exit_code, 7);
  EXPECT_THAT(ran.err, HasSubstr("slipway why env-1"));
}

TEST_F(Commands, ExecutionsAreListedShownAndCancelled) {
  answer("GET /slipway/v1/executions", 200,
         R"({"executions":[{"id":"exec-1","environment":"nb","kind":"launch","state":"Waiting","step":"Ask"}]})");
  answer(
      "GET /slipway/v1/executions/exec-1", 200,
      R"({"id":"exec-1","kind":"launch","document":"d:1","state":"Waiting","steps":[{"name":"Ask","action":"aws:approve",)"
      R"("state":"Waiting","attempts":1}]})");
  for (const auto* word : {"cancel", "approve", "retry"}) {
    answer(std::string("POST /slipway/v1/executions/exec-1/") + word, 202, R"({"id":"exec-2","state":"InProgress"})");
  }
  EXPECT_THAT(run({"execution", "list", "--state", "Waiting"}).out, HasSubstr("Ask"));
  EXPECT_THAT(run({"execution", "show", "exec-1"}).out, HasSubstr("aws:approve"));
  EXPECT_EQ(run({"execution", "cancel", "exec-1"}).exit_code, 0);
  EXPECT_EQ(run({"execution", "approve", "exec-1", "--comment", "fine"}).exit_code, 0);
  EXPECT_EQ(requests_.back().body, R"({"comment":"fine"})");
  EXPECT_EQ(run({"execution", "retry", "exec-1", "--step", "Make", "-o", "name"}).out, "exec-2\n");
  EXPECT_EQ(requests_.back().body, R"({"step":"Make"})");
  EXPECT_EQ(run({"__complete", "execution", "show", ""}).out, "exec-1\tWaiting\n");
  answer("POST /slipway/v1/executions/nb/cancel", 202,
         R"({"id":"exec-1","state":"Waiting","cancelledAt":"2021-04-30T00:00:00.000Z"})");
  answer("POST /slipway/v1/executions/nb/complete", 202,
         R"({"id":"exec-1","state":"InProgress","cancelledAt":"2021-04-30T00:00:00.000Z","completing":true})");
  EXPECT_THAT(run({"execution", "cancel", "nb"}).out,
              HasSubstr("exec-1: Waiting, and ends when its step has stopped."));
  EXPECT_THAT(run({"execution", "complete", "nb"}).out, HasSubstr("InProgress, and begins no further step."));
  std::string many;
  for (int port = 1; port <= 11; ++port) {
    many += (port > 1 ? "," : "") + std::string(R"({"kind":"port","locator":")") + std::to_string(port) + R"("})";
  }
  answer("POST /slipway/v1/executions/big/cancel", 202,
         R"({"id":"exec-1","environmentId":"env-1","state":"Cancelled","resources":[)" + many + "]}");
  EXPECT_THAT(run({"execution", "cancel", "big"}).out,
              testing::AllOf(HasSubstr("exec-1: Cancelled."), HasSubstr("still has:\n  port 1\n"),
                             HasSubstr("  port 10\n  and 1 more\n`slipway env terminate env-1` removes it.\n")));
}

TEST_F(Commands, EventsAreShownAsTheyComeAndResumedAfterALostConnection) {
  answer("GET /slipway/v1/events", 200,
         ": ready\nretry: 2000\nid: 3-1-7-1\n\nid: 3-2-7-2\nevent: status\n"
         R"(data: {"status":"available","environment":"nb","at":"2021-04-30T00:00:00.000Z"})"
         "\n\nid: 3-3-7-3\nevent: cut off");
  pauses_until_interrupt_ = 1;
  const auto ran = run({"events", "nb"});
  EXPECT_EQ(ran.exit_code, 130);
  EXPECT_THAT(ran.out, HasSubstr("2021-04-30 00:00:00 UTC  nb  status available\n"));
  ASSERT_EQ(requests_.size(), 2u);
  EXPECT_THAT(requests_.at(0).url, HasSubstr("environment=nb"));
  EXPECT_THAT(requests_.at(1).headers, ::testing::Contains(::testing::Pair("Last-Event-ID", "3-2-7-2")));
  EXPECT_EQ(ran.err, "Go on from here with --since 3-2-7-2\n");
  requests_.clear();
  pauses_until_interrupt_ = 1;
  run({"events", "--environment", "nb", "--since", "10m"});
  EXPECT_THAT(requests_.at(0).url, HasSubstr("environment=nb"));
  EXPECT_THAT(requests_.at(0).url, HasSubstr("since=10m"));
  EXPECT_EQ(run({"events", "nb", "--environment", "other"}).exit_code, 2);
}

TEST_F(Commands, AWarningIsShownWithItsTextAndTheEndOfALaunchAsItsOwn) {
  answer("GET /slipway/v1/events", 200,
         R"(event: warning
data: {"warning":"It ends in 15 minutes.","environment":"nb","at":"2021-04-30T00:00:00.000Z"}

event: step
data: {"kind":"launch","step":"Rollback","event":"Outcome","text":"Success","environment":"nb","at":"2021-04-30T00:00:00.000Z"}

event: step
data: {"kind":"launch","step":"Rollback","event":"Ended","text":"Failed","environment":"nb","at":"2021-04-30T00:00:00.000Z"}

)");
  pauses_until_interrupt_ = 0;
  EXPECT_EQ(run({"events"}).out,
            "2021-04-30 00:00:00 UTC  nb  warning It ends in 15 minutes.\n"
            "2021-04-30 00:00:00 UTC  nb  step Rollback Outcome Success\n"
            "2021-04-30 00:00:00 UTC  nb  launch ended: Failed\n");
}

TEST_F(Commands, CompletionListsTheClusters) {
  answer("GET /v3/clusters", 200,
         R"({"clusters":[{"clusterName":"one","clusterStatus":"CREATE_COMPLETE"},{"clusterName":"two"}]})");
  EXPECT_EQ(run({"__complete", "cluster", "describe", "o"}).out, "one\tCREATE_COMPLETE\n");
}

TEST(Variables, AreDerivedFromTheLongName) {
  EXPECT_EQ(variable_of("-o,--output"), "SLIPWAY_OUTPUT");
  EXPECT_EQ(variable_of("--rollback-on-failure"), "SLIPWAY_ROLLBACK_ON_FAILURE");
}

}  // namespace
}  // namespace slipway::cli
