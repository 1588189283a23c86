#include "surface/operator/operator_surface.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
    made.caller = {.id = "AKIATEST", .name = "alice", .administrator = administrator};
    const auto response = world.run([&]() -> net::Task<http::Response> {
      const auto match = surface.router().match(made);
      if (match.route == nullptr) co_return surface.no_route(made, match);
      co_return co_await match.route->handler(made);
    });
    return {response->status, response->body.empty() ? boost::json::value() : boost::json::parse(response->body)};
  }

  World world;
  auth::AccessKeys keys{
      *world.database,
      world.runtime,
      world.clock,
      {.key_file = world.folder.path / "sealing.key", .credentials_file = world.folder.path / "credentials"}};
  OperatorSurface surface{{.environments = *world.environments, .types = *world.types, .keys = keys}};
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

TEST_F(Operator, OnlyAnAdministratorChangesKeys) {
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

TEST_F(Operator, PathsAndMethodsThatAreNotThereAreToldApart) {
  EXPECT_EQ(call("GET", "/slipway/v1/nothing").status, 404);
  EXPECT_EQ(call("PATCH", "/slipway/v1/keys").status, 405);
}

}  // namespace
}  // namespace slipway::surface::operator_api
