#include <signal.h>
#include <sys/resource.h>

#include "auth/sigv4_authenticator.h"
#include "surface/parallelcluster/surface_fixture.h"

namespace slipway::surface::parallelcluster {
namespace {

using test_world::first_cluster;
using test_world::Query;
using test_world::replaced;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class Surface : public test_world::SurfaceTest {};

// --- routes

TEST_F(Surface, OwnsItsPrefixesAndNotThatOfTheEmrBroker) {
  for (const auto* path : {"/v3", "/v3/clusters", "/v3/nothing", "/prod/v3/clusters", "/prod/v3/api-docs"}) {
    EXPECT_TRUE(surface.owns(path)) << path;
  }
  for (const auto* path : {"/v3/api-docs", "/v3/api-docs/swagger", "/v30", "/v33/clusters", "/", "/prod", "/slipway"}) {
    EXPECT_FALSE(surface.owns(path)) << path;
  }
}

TEST_F(Surface, UnknownPathsAndMethodsLackATokenAsBehindTheGateway) {
  for (const auto& [method, path] : std::vector<std::pair<std::string, std::string>>{
           {"GET", "/v3/nothing"}, {"GET", "/v3/clusters/"}, {"POST", "/v3/clusters/abc"}, {"PUT", "/v3/clusters"}}) {
    const auto answer = call(method, path);
    EXPECT_EQ(answer.status, 403) << path;
    EXPECT_EQ(answer.body, boost::json::parse(R"({"message":"Missing Authentication Token"})")) << path;
  }
}

TEST_F(Surface, OperationsThatAreNotBuiltSaySo) {
  for (const auto& [method, path] :
       std::vector<std::pair<std::string, std::string>>{{"PUT", "/v3/clusters/abc"},
                                                        {"GET", "/v3/clusters/abc/logstreams"},
                                                        {"GET", "/v3/clusters/abc/logstreams/x"},
                                                        {"GET", "/v3/clusters/abc/stackevents"},
                                                        {"GET", "/v3/images/custom"},
                                                        {"POST", "/v3/images/custom"},
                                                        {"GET", "/v3/images/custom/abc"},
                                                        {"DELETE", "/v3/images/custom/abc"},
                                                        {"GET", "/v3/images/custom/abc/logstreams"},
                                                        {"GET", "/v3/images/custom/abc/logstreams/3.12.0%2F1"},
                                                        {"GET", "/v3/images/custom/abc/stackevents"},
                                                        {"GET", "/v3/images/official"}}) {
    const auto answer = call(method, path);
    EXPECT_EQ(answer.status, 501) << path;
    EXPECT_THAT(answer.message(), HasSubstr("is not available")) << path;
  }
}

TEST_F(Surface, TheStageFormOfAPathIsTheSameApi) {
  make_cluster("first");
  EXPECT_EQ(call("GET", "/prod/v3/clusters/first").body, describe("first").body);
}

// A limit on the size of files stands for a full disk.
TEST_F(Surface, AnErrorThatPassesSaysWhenToComeBack) {
  signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit none{1, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
  const auto refused = create("first");
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(refused.status, 500);
  EXPECT_EQ(refused.response.headers, (http::Headers{{"Retry-After", "30"}}));
}

// --- the shape of requests (contract, 3.2)

struct Shape {
  std::string body;
  std::string message;
};

TEST_F(Surface, EachShapeErrorHasTheReferencesWords) {
  const std::vector<Shape> cases{
      {"", "request body is required"},
      {"{", "Request body is not valid JSON"},
      {"null", "Request body is not valid JSON"},
      {"[]", "[] is not of type 'object'"},
      {R"("x")", "'x' is not of type 'object'"},
      {"{}", "'clusterConfiguration' is a required property"},
      {R"({"clusterConfiguration": "x"})", "'clusterName' is a required property"},
      {R"({"clusterName": "abc"})", "'clusterConfiguration' is a required property"},
      {R"({"clusterName": "abc", "clusterConfiguration": 5})", "5 is not of type 'string' - 'clusterConfiguration'"},
      {R"({"clusterName": null, "clusterConfiguration": "x"})", "None is not of type 'string' - 'clusterName'"},
      {R"({"clusterName": "x", "clusterConfiguration": "x"})",
       "'x' does not match '^[a-zA-Z][a-zA-Z0-9-]+$' - 'clusterName'"},
      // Property errors come before missing properties.
      {R"({"clusterName": "x"})", "'x' does not match '^[a-zA-Z][a-zA-Z0-9-]+$' - 'clusterName'"},
      {R"({"clusterName": "abc", "clusterConfiguration": ""})", "configuration is required and cannot be empty"},
  };
  for (const auto& [body, message] : cases) {
    auto made = request("POST", "/v3/clusters");
    made.headers = {{"Content-Type", "application/json"}};
    made.body = body;
    const auto answer = call(std::move(made));
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.message(), "Bad Request: " + message) << body;
  }
}

TEST_F(Surface, AnotherContentTypeIsUnsupported) {
  auto made = request("POST", "/v3/clusters");
  made.headers = {{"Content-Type", "text/plain"}};
  made.body = "{}";
  EXPECT_EQ(call(made).status, 415);
  EXPECT_EQ(call(made).message(), "Unsupported Media Type: Invalid Content-type (text/plain), expected JSON data");
  made.headers.clear();
  EXPECT_EQ(call(made).message(), "Unsupported Media Type: Invalid Content-type (), expected JSON data");
}

TEST_F(Surface, EachQueryErrorHasTheReferencesWords) {
  const std::vector<std::pair<Query, std::string>> cases{
      {{{"dryrun", "yes"}}, "Wrong type, expected 'boolean' for query parameter 'dryrun'"},
      {{{"dryrun", "1"}}, "Wrong type, expected 'boolean' for query parameter 'dryrun'"},
      {{{"validationFailureLevel", "FATAL"}}, "'FATAL' is not one of ['INFO', 'WARNING', 'ERROR']"},
      {{{"suppressValidators", "x"}}, "'x' does not match '^(ALL|type:[A-Za-z0-9]+)$'"},
      {{{"suppressValidators", "ALL"}, {"suppressValidators", "ALL"}}, "['ALL', 'ALL'] has non-unique elements"},
      {{{"suppressValidators", "ALL,ALL"}}, "['ALL', 'ALL'] has non-unique elements"},
      {{{"region", "mars"}}, "invalid or unsupported region 'mars'"},
  };
  for (const auto& [query, message] : cases) {
    const auto answer = create("abc", first_cluster(), query);
    EXPECT_EQ(answer.status, 400) << message;
    EXPECT_EQ(answer.message(), "Bad Request: " + message);
  }
  const auto answer = call("GET", "/v3/clusters", {{"clusterStatus", "FOO"}});
  EXPECT_THAT(answer.message(),
              StartsWith("Bad Request: 'FOO' is not one of ['CREATE_IN_PROGRESS', 'CREATE_FAILED', "));
}

TEST_F(Surface, APathParameterThatDoesNotMatchIsRefusedWithoutItsName) {
  EXPECT_EQ(describe("a.b").message(), "Bad Request: 'a.b' does not match '^[a-zA-Z][a-zA-Z0-9-]+$'");
}

TEST_F(Surface, TheBodyIsCheckedBeforeTheQueryAndTheQueryBeforeThePath) {
  EXPECT_THAT(send("POST", "/v3/clusters", boost::json::object(), {{"dryrun", "yes"}}).message(),
              HasSubstr("required property"));
  EXPECT_THAT(call("GET", "/v3/clusters/a.b/instances", {{"nodeType", "x"}}).message(), HasSubstr("is not one of"));
}

TEST_F(Surface, WhatIsUnknownIsIgnoredAndTheLastScalarWins) {
  const auto answer =
      send("POST", "/v3/clusters", {{"clusterName", "abc"}, {"clusterConfiguration", first_cluster()}, {"more", 1}},
           {{"version", "3.8.0"}, {"dryrun", "false"}, {"dryrun", "TRUE"}});
  EXPECT_EQ(answer.status, 412);
}

// --- regions (3.3)

TEST_F(Surface, TheRegionOfQueryAndDocumentMustAgree) {
  const auto in = [](std::string_view region) { return "Region: " + std::string(region) + '\n' + first_cluster(); };
  for (const auto* region : {"local", "mars"}) {
    EXPECT_EQ(create("abc", in("us-east-1"), {{"region", region}}).message(),
              "Bad Request: region is set in both parameter and configuration and conflicts.");
  }
  EXPECT_EQ(create("abc", in("mars")).message(), "Bad Request: invalid or unsupported region 'mars'");
  EXPECT_EQ(create("abc", in("us-east-1"), {{"region", ""}, {"dryrun", "true"}}).status, 412);
  EXPECT_EQ(create("abc", in("us-east-1"), {{"region", "us-east-1"}, {"dryrun", "true"}}).status, 412);
  EXPECT_EQ(create("abc", first_cluster(), {{"region", "us-east-1"}, {"dryrun", "true"}}).status, 412);
}

TEST_F(Surface, ABrokenDocumentIsReportedAfterTheRegion) {
  EXPECT_EQ(create("abc", "Image: [", {{"region", "mars"}}).message(),
            "Bad Request: invalid or unsupported region 'mars'");
  EXPECT_THAT(create("abc", "Image: [").message(), StartsWith("Bad Request: Configuration must be a valid YAML"));
}

TEST(SurfaceSettings, WithoutADefaultTheRegionMustBeGiven) {
  broker::test_world::World world;
  ParallelClusterSurface surface(*world.environments, world.clock, {.default_region = "", .link_key = {}});
  http::Request made;
  made.method = "GET";
  made.path = "/v3/clusters";
  const auto answer = world.run(
      [&]() -> net::Task<http::Response> { co_return co_await surface.router().match(made).route->handler(made); });
  EXPECT_EQ(answer->status, 400);
  EXPECT_THAT(answer->body, HasSubstr("Bad Request: region needs to be set"));
}

// --- create

TEST_F(Surface, CreateAnswersBeforeTheClusterIsThere) {
  world.action("local:slurmStart").held = true;
  const auto answer = create("first");
  EXPECT_EQ(answer.status, 202);
  const auto id = world.find("first")->id.str().substr(4);
  EXPECT_EQ(answer.body,
            (boost::json::object{
                {"cluster", boost::json::object{{"cloudformationStackArn",
                                                 "arn:aws:cloudformation:local:000000000000:stack/first/" + id},
                                                {"cloudformationStackStatus", "CREATE_IN_PROGRESS"},
                                                {"clusterName", "first"},
                                                {"clusterStatus", "CREATE_IN_PROGRESS"},
                                                {"region", "local"},
                                                {"scheduler", boost::json::object{{"type", "slurm"}}},
                                                {"version", "3.12.0"}}}}));
  EXPECT_TRUE(test_world::is_sorted(answer.body));
  EXPECT_EQ(describe("first").at("/computeFleetStatus"), "UNKNOWN");
  world.action("local:slurmStart").held = false;
}

TEST_F(Surface, CreateHandsTheConfigurationToTheBroker) {
  make_cluster("first");
  const auto environment = world.find("first");
  EXPECT_EQ(environment->owner, "arn:aws:iam::000000000000:user/alice");
  EXPECT_EQ(environment->request_document, first_cluster());
  EXPECT_EQ(environment->parameters.at("RollbackOnFailure"), true);
  EXPECT_EQ(environment->parameters.at("Configuration").at_pointer("/HeadNode/InstanceType"), "t3.micro");
}

TEST_F(Surface, ANameThatIsTakenIsABadRequest) {
  make_cluster("first");
  const auto answer = create("first");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.message(), "Bad Request: Cluster first already exists.");
  // Before the document is looked at.
  EXPECT_EQ(create("first", "Image: [").message(), "Bad Request: Cluster first already exists.");
}

TEST_F(Surface, ADryRunThatWouldSucceedIs412AndMakesNothing) {
  const auto answer = create("first", first_cluster(), {{"dryrun", "true"}});
  EXPECT_EQ(answer.status, 412);
  EXPECT_EQ(answer.body, boost::json::parse(R"({"message":"Request would have succeeded, but DryRun flag is set."})"));
  EXPECT_EQ(world.find("first"), nullptr);
}

TEST_F(Surface, ASchemaErrorIsOneElement) {
  const auto answer = create("first", replaced(first_cluster(), "Scheduler: slurm", "Scheduler: cron"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(
      boost::json::serialize(answer.body),
      R"({"configurationValidationErrors":[{"level":"ERROR","message":"[('Scheduling', {'Scheduler': ['Must be one )"
      R"(of: slurm, awsbatch.']})]","type":"ConfigSchemaValidator"}],"message":"Invalid cluster configuration."})");
}

TEST_F(Surface, WhatTheProviderRefusesIsATextWithoutAnArray) {
  const auto unknown = create("first", replaced(first_cluster(), "t3.micro", "t9.huge"));
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(unknown.body.as_object().size(), 1u);
  EXPECT_EQ(unknown.message(),
            "Invalid cluster configuration: The following supplied instance types do not exist: [t9.huge]");
  world.provider.check_failure = base::unavailable("slurmctld is not installed.", "ProgramMissing");
  const auto missing = create("first");
  EXPECT_EQ(missing.status, 500);
  EXPECT_EQ(missing.message(), "slurmctld is not installed.");
}

TEST_F(Surface, ValidatorsSpeakBeforeTheProviderButForUnknownInstanceTypes) {
  auto text = replaced(first_cluster(), "Name: queue1", "Name: default");
  world.provider.check_failure = base::invalid("too many nodes");
  EXPECT_EQ(create("first", text).at("/configurationValidationErrors/0/type"), "NameValidator");
  EXPECT_EQ(create("first").message(), "Invalid cluster configuration: too many nodes");
  world.provider.check_failure.reset();
  text = replaced(text, "t3.micro", "t9.huge");
  EXPECT_THAT(create("first", text).message(), HasSubstr("do not exist: [t9.huge]"));
}

TEST_F(Surface, ValidatorsRefuseUnlessTheyAreSuppressed) {
  const auto text = replaced(first_cluster(), "MinCount: 1", "MinCount: 9");
  const auto refused = create("first", text);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.at("/configurationValidationErrors/0/type"), "ComputeResourceSizeValidator");
  EXPECT_EQ(refused.at("/configurationValidationErrors/0/message"),
            "Max count must be greater than or equal to min count.");
  EXPECT_EQ(create("first", text, {{"suppressValidators", "type:NameValidator"}}).status, 400);
  for (const auto* suppressed : {"ALL", "type:ComputeResourceSizeValidator"}) {
    EXPECT_EQ(create("first", text, {{"suppressValidators", suppressed}, {"dryrun", "true"}}).status, 412);
  }
}

TEST_F(Surface, AllValidationResultsComeInOneAnswer) {
  auto text = replaced(first_cluster(), "Name: queue1", "Name: default");
  text = replaced(text, "Name: c5large", "Name: C5Large");
  const auto answer = create(std::string(61, 'c'), text);
  std::vector<std::string> types;
  for (const auto& result : answer.at("/configurationValidationErrors").as_array()) {
    types.emplace_back(result.at("type").as_string());
  }
  EXPECT_THAT(types, ElementsAre("ClusterNameValidator", "NameValidator", "NameValidator"));
}

// --- the gateway's words (3.6)

base::Error unauthenticated_error(std::string_view code, std::string message) {
  base::Error error;
  error.kind = base::ErrorKind::unauthenticated;
  error.code = code;
  error.message = std::move(message);
  return error;
}

TEST_F(Surface, AuthenticationFailuresHaveTheGatewaysBodies) {
  const auto made = request("GET", "/v3/clusters");
  const auto message = [&](std::string_view code) {
    const auto response = surface.error(made, unauthenticated_error(code, "Why it is so."));
    EXPECT_EQ(response.status, 403);
    return std::string(boost::json::parse(response.body).at("message").as_string());
  };
  EXPECT_EQ(message(sigv4::kMissingAuthenticationToken), "Missing Authentication Token");
  EXPECT_EQ(message(sigv4::kIncompleteSignature), "Missing Authentication Token");
  const std::string mismatch = "The request signature we calculated does not match the signature you provided.";
  EXPECT_THAT(message(sigv4::kSignatureDoesNotMatch), StartsWith(mismatch));
  EXPECT_EQ(message(sigv4::kSignatureExpired), mismatch + " Why it is so.");
  EXPECT_EQ(message(sigv4::kUnrecognizedClient), "Why it is so.");
}

TEST_F(Surface, ErrorsOfTheServerHaveTheGatewaysBodies) {
  const auto made = request("GET", "/v3/clusters");
  const auto body = [&](base::ErrorKind kind, int status) {
    base::Error error;
    error.kind = kind;
    error.message = "Why it is so.";
    const auto response = surface.error(made, error);
    EXPECT_EQ(response.status, status);
    return response.body;
  };
  EXPECT_EQ(body(base::ErrorKind::throttled, 429), R"({"message":"Too Many Requests"})");
  EXPECT_EQ(body(base::ErrorKind::timed_out, 504), R"({"message":"Endpoint request timed out"})");
  EXPECT_EQ(body(base::ErrorKind::forbidden, 403), R"({"Message":"Why it is so."})");
  EXPECT_THAT(body(base::ErrorKind::internal, 500), HasSubstr("Unexpected fatal exception."));
}

}  // namespace
}  // namespace slipway::surface::parallelcluster
