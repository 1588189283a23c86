#include "surface/operator/operator_surface.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "broker/test_world.h"

namespace slipway::surface::operator_api {
namespace {

using broker::Status;
using broker::test_world::World;
using ::testing::HasSubstr;

struct Answer {
  int status = 0;
  boost::json::value body;
  http::Headers headers;
};

class Operator : public ::testing::Test {
 protected:
  Operator() {
    world.run([&] { return keys.start(); }).value();
  }

  Answer call(std::string method, std::string path, std::string body = {}, bool administrator = true,
              std::vector<std::pair<std::string, std::string>> query = {}) {
    http::Request made;
    made.method = std::move(method);
    made.path = std::move(path);
    made.query = std::move(query);
    made.body = std::move(body);
    if (!made.body.empty()) made.headers = {{"Content-Type", "application/json"}};
    made.request_id = "request-1";
    made.caller = {.id = "AKIATEST", .name = "alice", .administrator = administrator, .types = administrator || types};
    const auto response = world.run([&]() -> net::Task<http::Response> {
      const auto match = surface.router().match(made);
      if (match.route == nullptr) co_return surface.no_route(made, match);
      co_return co_await match.route->handler(made);
    });
    return {response->status, response->body.empty() ? boost::json::value() : boost::json::parse(response->body),
            response->headers};
  }

  bool types = false;  // what the caller may change who is no administrator
  World world;
  auth::AccessKeys keys{
      *world.database,
      world.runtime,
      world.clock,
      {.key_file = world.folder.path / "sealing.key", .credentials_file = world.folder.path / "credentials"}};
  OperatorSurface surface{
      {.runtime = world.runtime, .environments = *world.environments, .types = *world.types, .keys = keys}};
};

TEST_F(Operator, OwnsItsPrefixAlone) {
  EXPECT_TRUE(surface.owns("/slipway"));
  EXPECT_TRUE(surface.owns("/slipway/v1/keys"));
  EXPECT_FALSE(surface.owns("/slipways"));
  EXPECT_FALSE(surface.owns("/v3/clusters"));
}

TEST_F(Operator, AKeyIsMadeShownOnceListedAndRevoked) {
  world.clock.time += std::chrono::seconds(1);  // the first key is older
  const auto made = call("POST", "/slipway/v1/keys", R"({"name": "bob"})");
  ASSERT_EQ(made.status, 201);
  const std::string id(made.body.at("accessKeyId").as_string());
  const std::string secret(made.body.at("secretAccessKey").as_string());
  EXPECT_EQ(made.body.at("name"), "bob");
  EXPECT_EQ(secret.size(), 40u);
  const auto listed = call("GET", "/slipway/v1/keys");
  EXPECT_EQ(listed.body.at("keys").as_array().size(), 2u);
  EXPECT_EQ(listed.body.at("keys").at(1).at("accessKeyId"), boost::json::value(id));
  EXPECT_EQ(boost::json::serialize(listed.body).find(secret), std::string::npos);
  EXPECT_EQ(call("DELETE", "/slipway/v1/keys/" + id).status, 204);
  EXPECT_EQ(keys.find(id), nullptr);
  const auto again = call("DELETE", "/slipway/v1/keys/" + id);
  EXPECT_EQ(again.status, 404);
  EXPECT_EQ(again.body.at("kind"), "not_found");
}

TEST_F(Operator, ChangesOfKeysAreAudited) {
  const auto made = call("POST", "/slipway/v1/keys", R"({"name": "bob"})");
  const std::string id(made.body.at("accessKeyId").as_string());
  call("DELETE", "/slipway/v1/keys/" + id);
  const auto rows = storage::list_audit(world.database->reader(), id, 0, 10).value();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].what, "RevokeKey");
  EXPECT_EQ(rows[1].what, "CreateKey");
  EXPECT_EQ(rows[1].who, "alice");
  EXPECT_EQ(rows[1].after.find(std::string(made.body.at("secretAccessKey").as_string())), std::string::npos);
}

TEST_F(Operator, OnlyAnAdministratorChangesKeysAndSeesThem) {
  const auto refused = call("GET", "/slipway/v1/keys", {}, false);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body.at("message"), "alice may not list access keys; use an administrator's key.");
  EXPECT_EQ(call("POST", "/slipway/v1/keys", R"({"name": "bob"})", false).status, 403);
  EXPECT_EQ(call("DELETE", "/slipway/v1/keys/AKIAAAAAAAAAAAAAAAAA", {}, false).status, 403);
  EXPECT_EQ(keys.list().size(), 1u);
}

TEST_F(Operator, ARequestOfTheWrongShapeIsToldWhy) {
  const auto answer = call("POST", "/slipway/v1/keys", R"({"name": "a b"})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(std::string(answer.body.at("message").as_string()), HasSubstr("name"));
  EXPECT_EQ(call("POST", "/slipway/v1/keys", "{}").status, 400);
  EXPECT_EQ(call("GET", "/slipway/v1/environments", {}, true, {{"limit", "0"}}).status, 400);
}

TEST_F(Operator, AQueryParameterThatIsNotThereIsRefusedWithThoseThatAre) {
  const auto refused = call("GET", "/slipway/v1/executions", {}, true, {{"enviroment", "one"}, {"limit", "1"}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body.at("message"),
            "There is no query parameter enviroment; there are environment, state, nextToken, limit.");
  EXPECT_EQ(call("GET", "/slipway/v1/keys", {}, true, {{"limit", "1"}}).body.at("message"),
            "There is no query parameter limit; there is none.");
  EXPECT_EQ(call("GET", "/slipway/v1/keys", {}, true, {{"X-Amz-Signature", "of a presigned URL"}}).status, 200);
}

TEST_F(Operator, EnvironmentsAreListedInPages) {
  for (const auto* name : {"one", "two"}) {
    world.launch(World::launch_request(name)).value();
    world.clock.time += std::chrono::milliseconds(1);
  }
  const auto first = call("GET", "/slipway/v1/environments", {}, true, {{"limit", "1"}});
  ASSERT_EQ(first.status, 200);
  EXPECT_EQ(first.body.at("environments").at(0).at("name"), "one");
  const std::string token(first.body.at("nextToken").as_string());
  const auto second = call("GET", "/slipway/v1/environments", {}, true, {{"nextToken", token}});
  EXPECT_EQ(second.body.at("environments").at(0).at("name"), "two");
  EXPECT_FALSE(second.body.as_object().contains("nextToken"));
}

TEST_F(Operator, WhyTellsOfAnEnvironmentThatIsGone) {
  const auto id = world.launch(World::launch_request("first")).value()->id;
  world.wait_for("first", Status::available);
  world.run([&] { return world.environments->terminate(id, World::cause("Delete")); }).value();
  world.wait_for("first", std::nullopt);
  for (const auto& name : {std::string("first"), id.str()}) {
    const auto answer = call("GET", "/slipway/v1/environments/" + name + "/why");
    ASSERT_EQ(answer.status, 200) << name;
    EXPECT_EQ(answer.body.at("id"), boost::json::value(id.str()));
    EXPECT_EQ(answer.body.at("status"), "terminated");
    EXPECT_EQ(answer.body.at("executions").as_array().size(), 2u);
    EXPECT_EQ(answer.body.at("cleanedUp").at(1).at("name"), "Remove");
  }
  const auto none = call("GET", "/slipway/v1/environments/none/why");
  EXPECT_EQ(none.status, 404);
  EXPECT_THAT(std::string(none.body.at("message").as_string()), HasSubstr("none"));
}

constexpr const char* kLaunchBody =
    R"({"type": "parallelcluster", "name": "first", "parameters": {"Configuration": {"HeadNode": {"InstanceType": "t3.micro"}}}})";

TEST_F(Operator, AnEnvironmentOfAnyTypeIsLaunchedLookedAtAndTerminated) {
  const auto made = call("POST", "/slipway/v1/environments", kLaunchBody);
  ASSERT_EQ(made.status, 202) << boost::json::serialize(made.body);
  EXPECT_EQ(made.body.at("status"), "pending");
  EXPECT_EQ(call("POST", "/slipway/v1/environments", kLaunchBody).status, 409);
  world.wait_for("first", Status::available);
  const auto shown = call("GET", "/slipway/v1/environments/first");
  EXPECT_EQ(shown.body.at("status"), "available");
  EXPECT_TRUE(shown.body.at("outputs").is_object());
  EXPECT_EQ(shown.body.at("typeVersion"), 1);
  EXPECT_EQ(shown.body.at("parameters").at("Configuration").at("HeadNode").at("InstanceType"), "t3.micro");
  EXPECT_FALSE(shown.body.as_object().contains("configuration")) << "it was launched without";
  const std::string id(shown.body.at("id").as_string());
  EXPECT_EQ(storage::list_audit(world.database->reader(), id, 0, 10).value().front().what, "LaunchEnvironment");
  EXPECT_EQ(call("DELETE", "/slipway/v1/environments/first").status, 202);
  world.wait_for("first", std::nullopt);
  EXPECT_EQ(call("GET", "/slipway/v1/environments/first").body.at("status"), "terminated");
  EXPECT_EQ(call("DELETE", "/slipway/v1/environments/first").status, 404);
  EXPECT_TRUE(call("GET", "/slipway/v1/environments").body.at("environments").as_array().empty());
  const auto gone = call("GET", "/slipway/v1/environments", {}, true, {{"status", "terminated"}});
  EXPECT_EQ(gone.body.at("environments").at(0).at("id"), boost::json::value(id));
}

TEST_F(Operator, ALaunchThatCannotBeIsRefusedWithTheReason) {
  const auto unknown = call("POST", "/slipway/v1/environments", R"({"type": "paralelcluster", "name": "first"})");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_THAT(std::string(unknown.body.at("message").as_string()),
              HasSubstr("no environment type paralelcluster; did you mean parallelcluster?"));
  EXPECT_EQ(call("POST", "/slipway/v1/environments", R"({"type": "none", "name": "first", "colour": 1})").status, 400);
  EXPECT_EQ(call("POST", "/slipway/v1/environments", R"({"type": "none", "name": "a", "tags": {"a": 1}})").status, 400);
  EXPECT_EQ(call("GET", "/slipway/v1/environments/none").status, 404);
  EXPECT_EQ(call("DELETE", "/slipway/v1/environments/none").status, 404);
}

TEST_F(Operator, ExecutionsAreListedShownAndTellTheirJournal) {
  for (const auto* name : {"one", "two"}) {
    world.launch(World::launch_request(name)).value();
    world.wait_for(name, Status::available);
    world.clock.time += std::chrono::milliseconds(1);
  }
  const auto first = call("GET", "/slipway/v1/executions", {}, true, {{"limit", "1"}});
  ASSERT_EQ(first.status, 200);
  EXPECT_EQ(first.body.at("executions").at(0).at("environment"), "two") << "newest first";
  const std::string token(first.body.at("nextToken").as_string());
  const auto second = call("GET", "/slipway/v1/executions", {}, true, {{"nextToken", token}});
  ASSERT_EQ(second.body.at("executions").as_array().size(), 1u);
  EXPECT_EQ(second.body.at("executions").at(0).at("environment"), "one");
  EXPECT_FALSE(second.body.as_object().contains("nextToken"));
  const auto of_one = call("GET", "/slipway/v1/executions", {}, true, {{"environment", "one"}, {"state", "Success"}});
  ASSERT_EQ(of_one.body.at("executions").as_array().size(), 1u);
  EXPECT_EQ(
      call("GET", "/slipway/v1/executions", {}, true, {{"state", "Failed"}}).body.at("executions").as_array().size(),
      0u);
  const auto path = "/slipway/v1/executions/" + std::string(of_one.body.at("executions").at(0).at("id").as_string());
  const auto shown = call("GET", path);
  EXPECT_EQ(shown.body.at("state"), "Success");
  EXPECT_FALSE(shown.body.at("steps").as_array().empty());
  const auto journal = call("GET", path + "/journal", {}, true, {{"limit", "2"}});
  ASSERT_EQ(journal.body.at("entries").as_array().size(), 2u);
  const auto next = std::to_string(journal.body.at("next").as_int64());
  EXPECT_GT(call("GET", path + "/journal", {}, true, {{"after", next}}).body.at("entries").at(0).at("id").as_int64(),
            journal.body.at("next").as_int64());
  const auto why = call("GET", "/slipway/v1/environments/" + path.substr(path.rfind('/') + 1) + "/why");
  EXPECT_EQ(why.body.at("name"), "one");
  EXPECT_EQ(why.body.at("executions").as_array().size(), 1u);
  EXPECT_EQ(call("GET", "/slipway/v1/executions/one").body.at("id"), shown.body.at("id")) << "its environment's name";
  EXPECT_EQ(call("GET", "/slipway/v1/executions/one/journal").status, 200);
  EXPECT_EQ(call("GET", "/slipway/v1/executions/none").status, 404);
  EXPECT_EQ(call("GET", "/slipway/v1/executions/none/journal").status, 404);
}

TEST_F(Operator, AnExecutionIsCancelledAndOneThatHasEndedIsNot) {
  world.action("local:slurmStart").held = true;
  const auto id = world.launch(World::launch_request("first")).value()->id;
  world.until([&] { return world.action("local:slurmStart").runs > 0; });
  const auto listed = call("GET", "/slipway/v1/executions", {}, true, {{"environment", "first"}});
  EXPECT_EQ(listed.body.at("executions").at(0).at("step"), "StartController");
  const auto path = "/slipway/v1/executions/" + std::string(listed.body.at("executions").at(0).at("id").as_string());
  const auto described = call("GET", path);
  const auto& steps = described.body.at("steps").as_array();
  ASSERT_GT(steps.size(), 2u);
  EXPECT_EQ(steps.at(1).at("name"), "StartController");
  EXPECT_EQ(steps.at(2).at("name"), "StartNodes");
  EXPECT_EQ(steps.at(2).at("state"), "Pending") << "not reached yet";
  EXPECT_FALSE(steps.at(2).as_object().contains("startedAt"));
  world
      .run([&] {
        return world.database->write([&](storage::Connection& connection) -> base::Result<void> {
          for (const auto* locator : {"/here", "/gone"}) {
            TRY(storage::record_resource(connection, {.environment_id = id,
                                                      .kind = "folder",
                                                      .locator = locator,
                                                      .region = "local",
                                                      .token = {},
                                                      .gone_at = {}}));
          }
          return storage::set_resource_gone(connection, id, "folder", "/gone", world.clock.now());
        });
      })
      .value();
  const auto cancelled = call("POST", "/slipway/v1/executions/first/cancel");
  EXPECT_EQ(cancelled.status, 202) << boost::json::serialize(cancelled.body);
  EXPECT_THAT(std::string(cancelled.body.at("state").as_string()), HasSubstr("Cancel")) << "told to stop, it has";
  EXPECT_EQ(cancelled.body.at("cancelledBy"), "alice");
  const auto& resources = cancelled.body.at("resources").as_array();
  ASSERT_EQ(resources.size(), 1u) << "without what is gone";
  EXPECT_EQ(resources.at(0).at("locator"), "/here");
  world.wait_for("first", Status::failed);
  EXPECT_EQ(call("POST", path + "/cancel").status, 409);
  EXPECT_EQ(call("POST", "/slipway/v1/executions/none/cancel").status, 404);
  EXPECT_EQ(storage::list_audit(world.database->reader(), id.str(), 0, 10).value().front().what, "CancelExecution");
}

// Takes what a stream writes, until there is enough of it.
class Collector final : public http::BodyWriter {
 public:
  explicit Collector(std::string until) : until_(std::move(until)) {}
  boost::asio::awaitable<bool> write(std::string chunk) override {
    text += chunk;
    co_return text.find(until_) == std::string::npos;
  }
  void cut_off() override { ADD_FAILURE() << "nothing is cut off here"; }
  std::string text;

 private:
  std::string until_;
};

TEST_F(Operator, EventsAreFollowedAndResumed) {
  const auto follow = [&](http::Headers headers, std::string query, std::string until, std::string since = {}) {
    http::Request made;
    made.method = "GET";
    made.path = "/slipway/v1/events";
    made.query = {{"environment", std::move(query)}, {"since", std::move(since)}};
    made.headers = std::move(headers);
    const auto match = surface.router().match(made);
    Collector collector(std::move(until));
    const auto answer = world.run([&]() -> net::Task<http::Response> {
      auto response = co_await match.route->handler(made);
      if (response.stream) co_await response.stream(collector);
      co_return response;
    });
    return std::pair(answer->status, answer->stream ? collector.text : answer->body);
  };
  const auto [status, begin] = follow({}, "", "\n\n");
  EXPECT_EQ(status, 200);
  const auto place = begin.substr(begin.find("id: ") + 4, begin.find("\n\n") - begin.find("id: ") - 4);
  world.launch(World::launch_request("first")).value();
  world.launch(World::launch_request("second")).value();
  world.wait_for("first", Status::available);
  const auto all = follow({{"last-event-id", place}}, "", "\"available\"").second;
  EXPECT_THAT(all, HasSubstr("event: status\ndata: {\"status\":\"pending\""));
  EXPECT_THAT(all, HasSubstr("event: step\n"));
  EXPECT_THAT(all, HasSubstr("\"environment\":\"second\""));
  const auto one = follow({{"Last-Event-ID", place}}, "first", "\"available\"").second;
  EXPECT_THAT(one, ::testing::Not(HasSubstr("second")));
  EXPECT_EQ(follow({{"Last-Event-ID", "what"}}, "", "").first, 400);
  EXPECT_EQ(follow({}, "", "", "9999-1-1-1").first, 400) << "of no event so far";
  EXPECT_THAT(follow({{"Last-Event-ID", "9999-1-1-1"}}, "", "event: gap").second, HasSubstr("event: gap"))
      << "a client of what was there before a backup was restored goes on";
  for (const auto* wrong : {"what", "2026-13-01T00:00:00Z", "1-2-3"}) {
    const auto refused = follow({}, "", "", wrong);
    EXPECT_EQ(refused.first, 400) << wrong;
    EXPECT_THAT(refused.second, HasSubstr("such as 3-17-4711-52, nor a time, such as 10m"));
  }
  for (const auto& since : {place, std::string("10m"), base::iso8601(world.clock.now() - std::chrono::hours(1))}) {
    EXPECT_THAT(follow({}, "first", "\"available\"", since).second, HasSubstr("{\"status\":\"pending\"")) << since;
  }
  EXPECT_EQ(follow({}, "none", "").first, 404);
  EXPECT_EQ(world.environments->events().ring().followers(), 0u);
}

TEST_F(Operator, AKeyHasTheRightsItWasMadeWith) {
  const auto made = call("POST", "/slipway/v1/keys", R"({"name": "bob", "rights": "types"})").body;
  EXPECT_EQ(made.at("rights"), "types");
  EXPECT_EQ(keys.find(std::string_view(made.at("accessKeyId").as_string()))->principal.rights, auth::Rights::types);
  EXPECT_EQ(call("POST", "/slipway/v1/keys", R"({"name": "bob"})").body.at("rights"), "administrator");
  EXPECT_EQ(call("POST", "/slipway/v1/keys", R"({"name": "bob", "rights": "all"})").status, 400);
}

TEST_F(Operator, PathsAndMethodsThatAreNotThereAreToldApart) {
  EXPECT_EQ(call("GET", "/slipway/v1/nothing").status, 404);
  EXPECT_EQ(call("PATCH", "/slipway/v1/keys").status, 405);
}

TEST_F(Operator, TypesAreListedPushedPromotedRolledBackAndRemoved) {
  const auto version = [&] { return call("GET", "/slipway/v1/types/thing").body.at("version").as_int64(); };
  const auto push = [&](std::string title, bool administrator = true) {
    const boost::json::object type{
        {"text", "name: thing\ntitle: " + title + "\ndocuments: {local: {launch: d.yaml, terminate: d.yaml}}\n"}};
    const boost::json::object document{{"text",
                                        "schemaVersion: '0.3'\nmainSteps:\n  - {name: W, action: 'aws:sleep', inputs: "
                                        "{Duration: PT1S}, isEnd: true}\n"}};
    const boost::json::object body{{"files", {{"type.yaml", type}, {"d.yaml", document}}}};
    return call("PUT", "/slipway/v1/types/thing", boost::json::serialize(body), administrator);
  };
  EXPECT_EQ(push("One", false).status, 403);
  types = true;
  EXPECT_EQ(push("One", false).body.at("version"), 1);
  EXPECT_EQ(call("POST", "/slipway/v1/keys", R"({"name": "x"})", false).status, 403);
  types = false;
  EXPECT_EQ(push("Two").body.at("version"), 2);
  EXPECT_EQ(push("[").status, 400);
  EXPECT_EQ(version(), 2);
  EXPECT_EQ(call("POST", "/slipway/v1/types/thing/rollback").body.at("version"), 1);
  EXPECT_EQ(call("POST", "/slipway/v1/types/thing/rollback").status, 409);
  EXPECT_EQ(call("POST", "/slipway/v1/types/thing/promote", R"({"version": 2})", false).status, 403);
  EXPECT_EQ(call("POST", "/slipway/v1/types/thing/promote", R"({"version": 2})").status, 200);
  EXPECT_EQ(call("POST", "/slipway/v1/types/thing/promote", R"({"version": 3})").status, 404);
  EXPECT_EQ(call("POST", "/slipway/v1/types/thing/promote", R"({"version": 99999999999})").status, 400);
  EXPECT_EQ(version(), 2);
  EXPECT_EQ(call("GET", "/slipway/v1/types/thing/versions").body.at("versions").as_array().size(), 2u);
  const auto one = [&](std::string method, std::string of, bool administrator = true) {
    return call(std::move(method), "/slipway/v1/types/thing", "", administrator, {{"version", std::move(of)}});
  };
  EXPECT_EQ(one("DELETE", "1", false).status, 403);
  EXPECT_EQ(one("DELETE", "2").status, 409);
  EXPECT_EQ(one("DELETE", "0").status, 400);
  EXPECT_EQ(boost::json::serialize(one("DELETE", "1").body), R"({"name":"thing","removed":[1]})");
  EXPECT_EQ(one("DELETE", "1").status, 404);
  EXPECT_EQ(one("GET", "1").status, 404);
  EXPECT_EQ(call("GET", "/slipway/v1/types/none/versions").status, 404);
  EXPECT_EQ(call("GET", "/slipway/v1/types/none").status, 404);
  EXPECT_THAT(boost::json::serialize(call("GET", "/slipway/v1/types").body), HasSubstr("parallelcluster"));
  std::vector<std::string> audited;
  const auto rows = storage::list_audit(world.database->reader(), "type thing", 0, 10).value();
  for (const auto& row : rows) {
    audited.push_back(row.what);
  }
  EXPECT_THAT(audited, ::testing::ElementsAre("RemoveType", "PromoteType", "RollBackType", "PushType", "PushType"));
}

TEST_F(Operator, ALaunchMayNameAVersionOfItsType) {
  const auto launched =
      call("POST", "/slipway/v1/environments", R"({"type": "parallelcluster", "name": "x", "version": 7})");
  EXPECT_EQ(launched.status, 400);
  EXPECT_THAT(boost::json::serialize(launched.body), HasSubstr("has no version 7"));
}

TEST_F(Operator, AnAnswerRepeatsTheBeginningOfALongValueAlone) {
  const std::string word(20'000, 'x');
  for (const auto* key : {"type", "region", "configuration"}) {
    boost::json::object body{{"type", "parallelcluster"}, {"name", "x"}};
    body[key] = word;
    const auto refused = call("POST", "/slipway/v1/environments", boost::json::serialize(body));
    EXPECT_EQ(refused.status, 400);
    EXPECT_LT(boost::json::serialize(refused.body).size(), 500u) << key;
  }
  EXPECT_LT(boost::json::serialize(call("GET", "/slipway/v1/executions/" + word).body).size(), 500u);
}

// A limit on the size of files stands for a full disk.
TEST_F(Operator, AnErrorThatPassesSaysWhenToComeBack) {
  signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit none{1, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
  const auto refused = call("POST", "/slipway/v1/keys", R"({"name": "bob"})");
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.body.at("code"), "DiskFull");
  EXPECT_EQ(refused.headers, (http::Headers{{"Retry-After", "30"}}));
}

TEST_F(Operator, ALaunchMaySayHowLongItLives) {
  const auto launch = [&](std::string time) {
    auto body = boost::json::parse(kLaunchBody).as_object();
    body["timeToLive"] = time;
    return call("POST", "/slipway/v1/environments", boost::json::serialize(body));
  };
  for (const auto* wrong : {"soon", "0s", ""}) EXPECT_EQ(launch(wrong).body.at("field"), "timeToLive") << wrong;
  EXPECT_EQ(launch("8h").body.at("expiresAt"),
            boost::json::value(base::iso8601(world.clock.now() + std::chrono::hours(8))));
}

}  // namespace
}  // namespace slipway::surface::operator_api
