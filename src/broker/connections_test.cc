#include "broker/connections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "broker/machine_fixture.h"

namespace slipway::broker {
namespace {

using test_world::World;
using testing::HasSubstr;

constexpr std::string_view kType = R"(name: machine
title: A machine
parameters:
  Configuration: {type: StringMap}
documents:
  local: {launch: launch.yaml, terminate: launch.yaml, connect: connect.yaml}
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

class Connect : public test_world::MachineTest {
 protected:
  Connect() : MachineTest(kType, {"launch"}) {
    write("connect.yaml", kConnect);
    auto made = std::make_unique<LookAction>();
    look = made.get();
    world.actions.add("test:look", std::move(made));
    world.restart_with(types.path());
    launch_available();
  }
  base::Result<ClientConnection> connect() {
    return world.run([&] { return world.environments->connections().connect(id, World::cause("Connect")); });
  }

  LookAction* look = nullptr;
};

TEST_F(Connect, AClientGetsWhatTheDocumentPutsOutAndNothingOfItIsStored) {
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
  connect().value();
  const auto audit = storage::list_audit(world.database->reader(), id.str(), 0, 1).value();
  EXPECT_EQ(audit.front().what, "Connect");
  EXPECT_EQ(audit.front().who, "alice");
}

TEST_F(Connect, AFailureIsToldInTheWordsOfItsStep) {
  look->failure = base::unavailable("The server does not answer.", "NoAnswer");
  const auto failed = connect();
  EXPECT_EQ(failed.error().code, "NoAnswer");
  EXPECT_EQ(failed.error().message, "The server does not answer.");
}

TEST_F(Connect, OnlyWhatIsAvailableIsConnectedTo) {
  world.action("test:launch").held = true;
  terminate();
  EXPECT_EQ(connect().error().kind, base::ErrorKind::conflict);
  world.action("test:launch").held = false;
  until(Status::terminated);
  EXPECT_EQ(connect().error().kind, base::ErrorKind::not_found);
}

}  // namespace
}  // namespace slipway::broker
