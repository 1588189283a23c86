#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "broker/connection.h"
#include "broker/test_world.h"

namespace slipway::broker {
namespace {

using test_world::ScriptedAction;
using test_world::World;
using testing::HasSubstr;

constexpr std::string_view kType = R"(name: machine
title: A machine
parameters:
  Configuration: {type: StringMap}
documents:
  local: {launch: launch.yaml, terminate: launch.yaml, connect: connect.yaml}
)";
constexpr std::string_view kLaunch = R"(schemaVersion: '0.3'
mainSteps:
  - {name: Only, action: 'test:make', inputs: {}, isEnd: true}
)";
constexpr std::string_view kConnect = R"(schemaVersion: '0.3'
mainSteps:
  - {name: Look, action: 'test:look', inputs: {}, isEnd: true}
outputs:
  url: Look.Url
)";

class LookAction final : public workflow::PlainAction {
 public:
  workflow::EffectClass effect_class(const boost::json::object&) const override { return workflow::EffectClass::read; }
  Inputs inputs() const override { return {}; }
  std::vector<std::string_view> outputs() const override { return {"Url"}; }
  net::Task<boost::json::object> run(workflow::StepContext context, boost::json::object) override {
    EXPECT_EQ(context.execution_id.str(), "");
    if (failure) co_return *failure;
    co_return boost::json::object{{"Url", "http://127.0.0.1/?token=hush"}};
  }
  std::optional<base::Error> failure;
};

class Connect : public testing::Test {
 protected:
  Connect() {
    write("type.yaml", kType);
    write("launch.yaml", kLaunch);
    write("connect.yaml", kConnect);
    world.actions.add("test:make",
                      std::make_unique<ScriptedAction>(world.runtime, world.scripts["test:make"],
                                                       workflow::Action::Inputs{}, std::vector<std::string_view>{}));
    auto made = std::make_unique<LookAction>();
    look = made.get();
    world.actions.add("test:look", std::move(made));
    world.types_dir = folder.path;
    world.restart();
  }
  void launch() {
    auto request = World::launch_request("first");
    request.type = "machine";
    id = world.launch(std::move(request)).value()->id;
    world.until([&] { return world.environments->find(id).value()->status == Status::available; });
  }
  void write(const std::string& file, std::string_view text) {
    std::filesystem::create_directories(folder.path / "machine");
    std::ofstream(folder.path / "machine" / file) << text;
  }
  base::Result<ClientConnection> connect() {
    return world.run([&] { return world.environments->connections().connect(id, World::cause("Connect")); });
  }

  test_world::TemporaryFolder folder;
  World world;
  LookAction* look = nullptr;
  base::EnvironmentId id;
};

TEST_F(Connect, AClientGetsWhatTheDocumentPutsOutAndNothingOfItIsStored) {
  launch();
  EXPECT_EQ(connect().value().values, (boost::json::object{{"url", "http://127.0.0.1/?token=hush"}}));
  world.restart();
  std::string stored;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.folder.path)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    stored.append(std::istreambuf_iterator<char>(file), {});
  }
  EXPECT_THAT(stored, HasSubstr("machine"));
  EXPECT_THAT(stored, testing::Not(HasSubstr("hush")));
}

TEST_F(Connect, EachConnectionHasItsAuditRecord) {
  launch();
  connect().value();
  const auto audit = storage::list_audit(world.database->reader(), id.str(), 0, 1).value();
  EXPECT_EQ(audit.front().what, "Connect");
  EXPECT_EQ(audit.front().who, "alice");
}

TEST_F(Connect, AFailureIsToldInTheWordsOfItsStep) {
  launch();
  look->failure = base::unavailable("The server does not answer.", "NoAnswer");
  const auto failed = connect();
  EXPECT_EQ(failed.error().code, "NoAnswer");
  EXPECT_EQ(failed.error().message, "The server does not answer.");
}

TEST_F(Connect, OnlyWhatIsAvailableIsConnectedTo) {
  launch();
  world.action("test:make").held = true;
  world.run([&] { return world.environments->terminate(id, World::cause("Delete")); }).value();
  EXPECT_EQ(connect().error().kind, base::ErrorKind::conflict);
  world.action("test:make").held = false;
  world.until([&] { return world.environments->find(id).value()->status == Status::terminated; });
  EXPECT_EQ(connect().error().kind, base::ErrorKind::not_found);
}

}  // namespace
}  // namespace slipway::broker
