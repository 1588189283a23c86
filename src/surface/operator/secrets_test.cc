// A launch with a sensitive parameter, through the operator API, with the real seal: the value gets where it is used,
// and lies nowhere in the data folder.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <sstream>

#include "auth/column_seal.h"
#include "broker/test_world.h"
#include "surface/operator/operator_surface.h"

namespace slipway::surface::operator_api {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using broker::Status;
using broker::test_world::World;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kValue = "correct horse battery staple";

constexpr std::string_view kType = R"(name: vault
title: A vault
parameters:
  Configuration: {type: StringMap, default: {HeadNode: {InstanceType: t3.micro}}}
  Phrase: {type: String, sensitive: true}
configurations:
  USUAL: {title: Usual, parameters: {Phrase: a usual phrase}}
documents:
  local: {launch: launch.yaml, terminate: terminate.yaml, children: [child.yaml]}
)";
constexpr std::string_view kLaunch = R"(schemaVersion: '0.3'
parameters:
  Phrase: {type: String, sensitive: true}
variables:
  Copy: {type: String, sensitive: true}
mainSteps:
  - {name: Keep, action: 'aws:updateVariable', inputs: {Name: 'variable:Copy', Value: 'say {{ Phrase }}'}}
  - name: Child
    action: aws:executeAutomation
    inputs: {DocumentName: child, RuntimeParameters: {Word: ['{{ variable:Copy }}']}}
  - {name: Use, action: 'local:writeFile', inputs: {Text: '{{ Phrase }}'}, isEnd: true}
outputs: [Use.Value]
)";
constexpr std::string_view kChild = R"(schemaVersion: '0.3'
parameters:
  Word: {type: String, sensitive: true}
mainSteps:
  - {name: Say, action: 'local:makeFolder', inputs: {Text: '{{ Word }}'}, isEnd: true}
)";
constexpr std::string_view kTerminate = R"(schemaVersion: '0.3'
mainSteps:
  - {name: Rest, action: 'aws:sleep', inputs: {Duration: PT0S}, isEnd: true}
)";

class OperatorSecrets : public testing::Test {
 protected:
  OperatorSecrets() {
    for (const auto& [name, text] :
         {std::pair{"type", kType}, {"launch", kLaunch}, {"child", kChild}, {"terminate", kTerminate}}) {
      types.write("vault", std::string(name) + ".yaml", text);
    }
    world.types_dir = types.path();
    world.settings.sealing = &seal;
    seal.use(auth::Seal::load_or_create(world.folder.path / "sealing.key").value());
    world.restart();
  }

  json::value call(std::string method, std::string path, std::string body = {}) {
    auth::AccessKeys keys(
        *world.database, world.runtime, world.clock,
        {.key_file = world.folder.path / "sealing.key", .credentials_file = world.folder.path / "credentials"});
    const OperatorSurface surface(
        {.runtime = world.runtime, .environments = *world.environments, .types = *world.types, .keys = keys});
    http::Request made;
    made.method = std::move(method);
    made.path = std::move(path);
    made.body = std::move(body);
    if (!made.body.empty()) made.headers = {{"Content-Type", "application/json"}};
    made.caller = {.id = "AKIATEST", .name = "alice", .administrator = true, .types = true};
    const auto response = world.run([&]() -> net::Task<http::Response> {
      const auto match = surface.router().match(made);
      co_return co_await match.route->handler(made);
    });
    return json::parse(response->body);
  }
  std::string launch() {
    const auto made =
        call("POST", "/slipway/v1/environments",
             json::serialize(json::object{{"type", "vault"}, {"name", "mine"}, {"parameters", {{"Phrase", kValue}}}}));
    return std::string(made.at("id").as_string());
  }
  broker::EnvironmentPtr wait_for(const std::string& id, Status status) {
    broker::EnvironmentPtr found;
    world.until([&] {
      found = world.environments->find(base::EnvironmentId(id)).value();
      return found->status == status;
    });
    return found;
  }
  // The files of the data folder in which the text stands.
  std::vector<std::string> files_with(std::string_view text) {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(world.folder.path)) {
      if (!entry.is_regular_file()) continue;
      std::ostringstream bytes;
      bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      if (bytes.str().find(text) != std::string::npos) found.push_back(entry.path().filename());
    }
    return found;
  }

  World world;
  broker::test_world::TypeFolder types;
  auth::ColumnSeal seal;
};

TEST_F(OperatorSecrets, AValueGetsWhereItIsUsedAndLiesNowhere) {
  const auto id = launch();
  const auto made = wait_for(id, Status::available);
  EXPECT_EQ(world.action("local:writeFile").inputs.at("Text"), kValue);
  EXPECT_EQ(world.action("local:makeFolder").inputs.at("Text"), json::value("say " + std::string(kValue)));
  EXPECT_THAT(files_with("\"Phrase\":\"********\""), testing::Not(IsEmpty())) << "where the journal lies";
  EXPECT_THAT(files_with(kValue), IsEmpty());
  EXPECT_EQ(made->parameters.at("Phrase"), kValue);

  world.restart();
  EXPECT_EQ(wait_for(id, Status::available)->parameters.at("Phrase"), kValue);
  EXPECT_EQ(json::serialize(call("GET", "/slipway/v1/environments")).find(kValue), std::string::npos);
  EXPECT_EQ(json::serialize(call("GET", "/slipway/v1/environments/mine/why")).find(kValue), std::string::npos);
  EXPECT_EQ(call("GET", "/slipway/v1/environments/mine").at("parameters").at("Phrase"), "********");
  call("DELETE", "/slipway/v1/environments/mine");
  wait_for(id, Status::terminated);
  EXPECT_THAT(files_with(kValue), IsEmpty());
}

TEST_F(OperatorSecrets, AValueThatAnActionRepeatsIsMasked) {
  const std::string said = std::string(kValue) + " was written";
  world.action("local:writeFile").outputs = {{"Value", said}};
  const auto id = launch();
  EXPECT_EQ(wait_for(id, Status::available)->outputs.at("Use.Value"), json::value(said)) << "as later documents get it";
  EXPECT_EQ(call("GET", "/slipway/v1/environments/mine").at("outputs").at("Use.Value"), "******** was written");
  EXPECT_EQ(json::serialize(call("GET", "/slipway/v1/environments/mine/why")).find(kValue), std::string::npos);
  EXPECT_THAT(files_with(kValue), IsEmpty());
}

TEST_F(OperatorSecrets, ARetryHasTheValueToo) {
  world.action("local:writeFile").failure = base::invalid("no");
  const auto id = launch();
  wait_for(id, Status::failed);
  EXPECT_THAT(files_with(kValue), IsEmpty());
  world.action("local:writeFile").failure.reset();
  world.action("local:writeFile").inputs.clear();
  const auto all = call("GET", "/slipway/v1/environments/mine/why").at("executions").as_array();
  const auto launched = std::ranges::find(all, "launch", [](const auto& one) { return one.at("kind").as_string(); });
  ASSERT_NE(launched, all.end());
  call("POST", "/slipway/v1/executions/" + std::string(launched->at("id").as_string()) + "/retry", "{}");
  wait_for(id, Status::available);
  EXPECT_EQ(world.action("local:writeFile").inputs.at("Text"), kValue);
  EXPECT_THAT(files_with(kValue), IsEmpty());
}

TEST_F(OperatorSecrets, AConfigurationOfATypeShowsNoneEither) {
  const auto type = call("GET", "/slipway/v1/types/vault");
  EXPECT_EQ(type.at("configurations").at(0).at("parameters").at("Phrase"), "********");
}

TEST_F(OperatorSecrets, AnEnvironmentShowsWhatItWasLaunchedWithAndMasksAShortValueToo) {
  const auto made = call("POST", "/slipway/v1/environments",
                         R"({"type":"vault","name":"mine","configuration":"USUAL","parameters":{"Phrase":"abc"}})");
  wait_for(std::string(made.at("id").as_string()), Status::available);
  const auto shown = call("GET", "/slipway/v1/environments/mine");
  EXPECT_EQ(shown.at("configuration"), "USUAL");
  EXPECT_EQ(shown.at("parameters").at("Phrase"), "********");
  EXPECT_EQ(shown.at("parameters").at("Configuration").at("HeadNode").at("InstanceType"), "t3.micro");
}

TEST_F(OperatorSecrets, AnotherKeyFileIsToldAtTheStart) {
  const auto id = launch();
  wait_for(id, Status::available);
  auth::ColumnSeal other;
  other.use(auth::Seal::load_or_create(world.folder.path / "other.key").value());
  auto settings = world.settings;
  settings.sealing = &other;
  broker::Environments environments(world.runtime, *world.database, world.clock, *world.types, world.actions,
                                    {&world.provider}, settings);
  const auto started = world.run([&] { return environments.start_service(); });
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, testing::AllOf(HasSubstr(id), HasSubstr("--key-file")));
  const auto read = environments.find(base::EnvironmentId(id));
  EXPECT_EQ(read.error().kind, base::ErrorKind::internal);
  net::run_to_end(world.runtime,
                  std::function<boost::asio::awaitable<void>()>([&] { return environments.stop_service(); }));
}

}  // namespace
}  // namespace slipway::surface::operator_api
