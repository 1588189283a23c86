#include "cli/cluster.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "cli/test_support.h"

namespace slipway::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kDemo = R"({"clusterName":"demo","clusterStatus":"CREATE_COMPLETE","region":"local",
  "scheduler":{"type":"slurm"},"version":"3.12.0","computeFleetStatus":"RUNNING","tags":[{"key":"k","value":"v"}]})";

std::string with_status(const std::string& status, const std::string& more = "") {
  return R"({"clusterName":"demo","clusterStatus":")" + status + "\"" + more + "}";
}

class Cluster : public CommandLineTest {
 protected:
  std::string config_ = folder_.write("cluster.yaml", "Region: local\n");
};

TEST_F(Cluster, ListReadsEveryPageAlsoBehindAnEmptyOne) {
  answer("GET /v3/clusters", 200, R"({"clusters":[],"nextToken":"a b"})");
  answer("GET /v3/clusters", 200, R"({"clusters":[{"clusterName":"one","clusterStatus":"CREATE_COMPLETE",
    "region":"local","version":"3.12.0","scheduler":{"type":"slurm"}}]})");
  auto list = run({"cluster", "list"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_EQ(list.out,
            "NAME  STATUS           SCHEDULER  REGION  VERSION\n"
            "one   CREATE_COMPLETE  slurm      local   3.12.0\n");
  EXPECT_THAT(requests_.at(1).url, EndsWith("/v3/clusters?nextToken=a%20b"));
}

TEST_F(Cluster, AnAnswerThatIsNoListIsNoEmptyList) {
  const auto bodies = {"[]", "{}", R"({"clusters":3})"};
  for (const auto* body : bodies) answer("GET /v3/clusters", 200, body);
  for (const auto* body : bodies) {
    EXPECT_THAT(run({"cluster", "list"}).err, HasSubstr("names no clusters: is it a Slipway broker?")) << body;
  }
}

TEST_F(Cluster, APageThatNamesItselfAsTheNextOneEndsTheList) {
  answer("GET /v3/clusters", 200, R"({"clusters":[],"nextToken":"x"})");
  EXPECT_THAT(run({"cluster", "list"}).err, HasSubstr("the same page again and again"));
}

TEST_F(Cluster, NamesForProgramsAreNothingButNames) {
  answer("GET /v3/clusters", 200, R"({"clusters":[{"clusterName":"one"},{"clusterName":"two"}]})");
  EXPECT_EQ(run({"cluster", "list", "-o", "name"}).out, "one\ntwo\n");
}

TEST_F(Cluster, TheOutputFormMayComeFromTheEnvironmentAndTheOptionWins) {
  answer("GET /v3/clusters", 200, R"({"clusters":[{"clusterName":"one"}]})");
  ::setenv("SLIPWAY_OUTPUT", "name", 1);
  auto by_variable = run({"cluster", "list"});
  auto by_option = run({"cluster", "list", "-o", "json"});
  ::unsetenv("SLIPWAY_OUTPUT");
  EXPECT_EQ(by_variable.out, "one\n");
  EXPECT_THAT(by_option.out, StartsWith("{"));
}

TEST_F(Cluster, EveryRequestIsSignedWithTheBrokersKey) {
  answer("GET /v3/clusters/demo", 200, kDemo);
  run({"cluster", "describe", "demo"});
  std::map<std::string, std::string> headers(requests_.at(0).headers.begin(), requests_.at(0).headers.end());
  EXPECT_THAT(headers["Authorization"], StartsWith("AWS4-HMAC-SHA256 Credential=AKIALOCAL/"));
  EXPECT_THAT(headers["Authorization"], HasSubstr("/local/execute-api/aws4_request"));
  EXPECT_EQ(headers["Host"], "127.0.0.1:8443");
}

TEST_F(Cluster, DescribeShowsLabelsAndTags) {
  answer("GET /v3/clusters/demo", 200, kDemo);
  auto described = run({"cluster", "describe", "demo"});
  EXPECT_THAT(described.out, HasSubstr("Status         CREATE_COMPLETE\n"));
  EXPECT_THAT(described.out, HasSubstr("Tag k          v\n"));
}

TEST_F(Cluster, ARegionIsSentOnlyWhereItWasAskedFor) {
  answer("GET /v3/clusters/demo", 200, kDemo);
  variables_["AWS_REGION"] = "eu-west-2";
  run({"cluster", "describe", "demo"});
  EXPECT_THAT(requests_.at(0).url, EndsWith("/v3/clusters/demo"));
  run({"cluster", "describe", "demo", "--region", "eu-west-1"});
  EXPECT_THAT(requests_.at(1).url, EndsWith("/v3/clusters/demo?region=eu-west-1"));
}

TEST_F(Cluster, CreateSendsTheConfigurationAsItIs) {
  answer("POST /v3/clusters", 202, R"({"cluster":{"clusterName":"demo","clusterStatus":"CREATE_IN_PROGRESS"}})");
  auto created = run({"cluster", "create", "demo", "--config", config_, "--rollback-on-failure", "false",
                      "--suppress-validators", "type:A,type:B", "--validation-failure-level", "WARNING"});
  EXPECT_EQ(created.exit_code, 0) << created.err;
  EXPECT_THAT(requests_.at(0).url, EndsWith("?rollbackOnFailure=false&suppressValidators=type%3AA&suppressValidators="
                                            "type%3AB&validationFailureLevel=WARNING"));
  EXPECT_EQ(boost::json::parse(requests_.at(0).body),
            boost::json::parse(R"({"clusterName":"demo","clusterConfiguration":"Region: local\n"})"));
}

TEST_F(Cluster, ADryRunThatWouldSucceedIsASuccess) {
  answer("POST /v3/clusters", 412, R"({"message":"Request would have succeeded, but DryRun flag is set.",
    "validationMessages":[{"level":"WARNING","type":"AValidator","message":"look out"}]})");
  auto dry = run({"cluster", "create", "demo", "--config", config_, "--dryrun"});
  EXPECT_EQ(dry.exit_code, 0);
  EXPECT_EQ(dry.out, "Request would have succeeded, but DryRun flag is set.\n");
  EXPECT_EQ(dry.err, "WARNING AValidator: look out\n");
}

TEST_F(Cluster, ARefusedConfigurationIsToldLineByLine) {
  answer("POST /v3/clusters", 400, R"({"message":"Invalid cluster configuration.","configurationValidationErrors":[
    {"level":"ERROR","type":"InstanceTypeValidator","message":"no such type"}]})");
  auto refused = run({"cluster", "create", "demo", "--config", config_});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_EQ(refused.err, "slipway: Invalid cluster configuration.\n  ERROR InstanceTypeValidator: no such type\n");
}

TEST_F(Cluster, WaitingForACreationEndsWithItsDescription) {
  answer("POST /v3/clusters", 202, R"({"cluster":{"clusterStatus":"CREATE_IN_PROGRESS"}})");
  answer("GET /v3/clusters/demo", 200, with_status("CREATE_IN_PROGRESS"));
  answer("GET /v3/clusters/demo", 200, with_status("CREATE_IN_PROGRESS"));
  answer("GET /v3/clusters/demo", 200, kDemo);
  auto created = run({"cluster", "create", "demo", "--config", config_, "--wait"});
  EXPECT_EQ(created.exit_code, 0) << created.err;
  EXPECT_THAT(created.out, HasSubstr("Status         CREATE_COMPLETE\n"));
  EXPECT_THAT(created.err, StartsWith("Creating cluster demo ...\n"));
}

TEST_F(Cluster, APersonAtATerminalWaitsUnlessToldNotTo) {
  answer("POST /v3/clusters", 202, R"({"cluster":{"clusterStatus":"CREATE_IN_PROGRESS"}})");
  answer("GET /v3/clusters/demo", 200, kDemo);
  terminal_ = true;
  run({"cluster", "create", "demo", "--config", config_, "--no-wait"});
  EXPECT_EQ(requests_.size(), 1u);
  run({"cluster", "create", "demo", "--config", config_});
  EXPECT_GT(requests_.size(), 2u);
}

TEST_F(Cluster, AFailedCreationHasItsOwnExitCodeAndItsReasonOnceItIsTakenAway) {
  answer("POST /v3/clusters", 202, R"({"cluster":{"clusterStatus":"CREATE_IN_PROGRESS"}})");
  answer("GET /v3/clusters/demo", 200,
         with_status("CREATE_FAILED", R"(,"cloudFormationStackStatus":"ROLLBACK_IN_PROGRESS")"));
  answer(
      "GET /v3/clusters/demo", 200,
      with_status("CREATE_FAILED", R"(,"failures":[{"failureCode":"NoFreePort","failureReason":"no port is free"}])"));
  auto failed = run({"cluster", "create", "demo", "--config", config_, "--wait"});
  EXPECT_EQ(failed.exit_code, 7);
  EXPECT_THAT(failed.err, HasSubstr("slipway: Cluster 'demo' could not be created: no port is free (NoFreePort). See "
                                    "`slipway why demo`.\n"));
}

TEST_F(Cluster, CtrlCEndsTheWaitingAndNotTheCluster) {
  answer("POST /v3/clusters", 202, R"({"cluster":{"clusterStatus":"CREATE_IN_PROGRESS"}})");
  answer("GET /v3/clusters/demo", 200, with_status("CREATE_IN_PROGRESS"));
  pauses_until_interrupt_ = 3;
  auto interrupted = run({"cluster", "create", "demo", "--config", config_, "--wait"});
  EXPECT_EQ(interrupted.exit_code, 130);
  EXPECT_THAT(interrupted.err, HasSubstr("`slipway cluster describe demo`"));
  for (const auto& request : requests_) EXPECT_NE(request.method, "DELETE");
}

TEST_F(Cluster, WaitingTooLongIsATimeOut) {
  answer("POST /v3/clusters", 202, R"({"cluster":{"clusterStatus":"CREATE_IN_PROGRESS"}})");
  answer("GET /v3/clusters/demo", 200, with_status("CREATE_IN_PROGRESS"));
  auto waited = run({"cluster", "create", "demo", "--config", config_, "--wait", "--timeout", "5"});
  EXPECT_EQ(waited.exit_code, 124);
  EXPECT_THAT(waited.err, HasSubstr("not done after 5.0 s"));
}

TEST_F(Cluster, ABrokerThatRestartsMeanwhileDoesNotEndTheWaiting) {
  answer("POST /v3/clusters", 202, R"({"cluster":{"clusterStatus":"CREATE_IN_PROGRESS"}})");
  answer("GET /v3/clusters/demo", 503, R"({"message":"starting"})");
  answer("GET /v3/clusters/demo", 503, R"({"message":"starting"})");
  answer("GET /v3/clusters/demo", 200, kDemo);
  EXPECT_EQ(run({"cluster", "create", "demo", "--config", config_, "--wait"}).exit_code, 0);
}

TEST_F(Cluster, TheStepThatRunsIsShownWhileWaiting) {
  answer("POST /v3/clusters", 202, R"({"cluster":{"clusterStatus":"CREATE_IN_PROGRESS"}})");
  answer("GET /v3/clusters/demo", 200, with_status("CREATE_IN_PROGRESS"));
  answer("GET /v3/clusters/demo", 200, kDemo);
  answer("GET /slipway/v1/environments/demo/why", 200, R"({"executions":[{"steps":[{"name":"startController"}]}]})");
  EXPECT_THAT(run({"cluster", "create", "demo", "--config", config_, "--wait"}).err, HasSubstr("startController"));
}

TEST_F(Cluster, DeleteWaitsUntilTheClusterIsUnknown) {
  answer("DELETE /v3/clusters/demo", 202, R"({"cluster":{"clusterStatus":"DELETE_IN_PROGRESS"}})");
  answer("GET /v3/clusters/demo", 200, with_status("DELETE_IN_PROGRESS"));
  answer("GET /v3/clusters/demo", 404, R"({"message":"Cluster 'demo' does not exist."})");
  auto deleted = run({"cluster", "delete", "demo", "--wait"});
  EXPECT_EQ(deleted.exit_code, 0) << deleted.err;
  EXPECT_EQ(deleted.out, "demo: DELETE_COMPLETE\n");
}

TEST_F(Cluster, FleetStopWaitsUntilItIsStopped) {
  answer("PATCH /v3/clusters/demo/computefleet", 200, R"({"status":"STOP_REQUESTED"})");
  answer("GET /v3/clusters/demo/computefleet", 200, R"({"status":"STOPPING"})");
  answer("GET /v3/clusters/demo/computefleet", 200, R"({"status":"STOPPED"})");
  auto stopped = run({"cluster", "fleet", "stop", "demo", "--wait", "-o", "name"});
  EXPECT_EQ(stopped.exit_code, 0) << stopped.err;
  EXPECT_EQ(stopped.out, "STOPPED\n");
  EXPECT_EQ(requests_.at(0).body, R"({"status":"STOP_REQUESTED"})");
}

TEST_F(Cluster, InstancesAreListedByRole) {
  answer("GET /v3/clusters/demo/instances", 200, R"({"instances":[{"instanceId":"i-1","instanceType":"t3.micro",
    "launchTime":"2021-04-30T00:00:00.000Z","privateIpAddress":"127.0.0.1","state":"running","nodeType":"HeadNode"}]})");
  auto listed = run({"cluster", "instances", "demo", "--node-type", "HeadNode"});
  EXPECT_THAT(listed.out,
              HasSubstr("i-1       HeadNode  -      t3.micro  running  127.0.0.1  2021-04-30 00:00:00 UTC"));
  EXPECT_THAT(requests_.at(0).url, EndsWith("?nodeType=HeadNode"));
}

TEST_F(Cluster, DeleteInstancesAcceptsAnEmptyAnswer) {
  answer("DELETE /v3/clusters/demo/instances", 202, "");
  EXPECT_EQ(run({"cluster", "delete-instances", "demo", "--force"}).exit_code, 0);
  EXPECT_THAT(requests_.at(0).url, EndsWith("?force=true"));
}

TEST_F(Cluster, ExecSaysWhereAClusterIsThatIsNotHere) {
  answer("GET /v3/clusters/demo", 200, R"({"clusterName":"demo","region":"eu-west-2","tags":[]})");
  auto elsewhere = run({"cluster", "exec", "demo", "--", "sinfo", "--long"});
  EXPECT_EQ(elsewhere.exit_code, 1);
  EXPECT_THAT(elsewhere.err, HasSubstr("Cluster 'demo' is not on this machine: it is in region 'eu-west-2'"));
}

TEST_F(Cluster, ExecReplacesItselfByTheCommandWithSlurmConfSet) {
  auto conf = folder_.write("slurm.conf", "");
  answer("GET /v3/clusters/demo", 200,
         R"({"clusterName":"demo","region":"local","tags":[{"key":"slipway:slurm-conf","value":")" + conf + "\"}]}");
  auto seen = folder_.path() / "seen";
  EXPECT_EXIT(std::exit(run({"cluster", "exec", "demo", "--", "sh", "-c",
                             "echo \"$SLURM_CONF $1\" >" + seen.string() + "; exit 9", "sh", "--long"})
                            .exit_code),
              testing::ExitedWithCode(9), "");
  std::ifstream file(seen);
  std::string line;
  std::getline(file, line);
  EXPECT_EQ(line, conf + " --long");
}

}  // namespace
}  // namespace slipway::cli
