#pragma once
// A World with one type of the test's own, `machine`, whose documents are single steps that the test holds and makes
// fail. Used by tests of this folder alone.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/test_world.h"

namespace slipway::broker::test_world {

class MachineTest : public testing::Test {
 protected:
  // For each operation a document OPERATION.yaml whose one step is the action test:OPERATION.
  MachineTest(std::string_view type, const std::vector<std::string>& operations) {
    write("type.yaml", type);
    for (const auto& operation : operations) {
      write(operation + ".yaml", "schemaVersion: '0.3'\nmainSteps:\n  - {name: Only, action: 'test:" + operation +
                                     "', inputs: {}, isEnd: true}\n");
      world.add_action("test:" + operation);
    }
  }

  void write(const std::string& file, std::string_view text) { types.write("machine", file, text); }
  base::Result<EnvironmentPtr> launch(std::optional<std::chrono::milliseconds> time_to_live = {}) {
    auto request = World::launch_request("first");
    request.type = "machine";
    request.time_to_live = time_to_live;
    return world.launch(std::move(request));
  }
  // Of what it launches, and waits for, all the rest is told.
  void launch_available(std::optional<std::chrono::milliseconds> time_to_live = {}) {
    id = launch(time_to_live).value()->id;
    until(Status::available);
  }
  EnvironmentPtr find() { return world.environments->find(id).value(); }
  void until(Status status) {
    world.until([&] { return find()->status == status; });
  }
  void terminate() {
    world.run([&] { return world.environments->terminate(id, World::cause("Delete")); }).value();
  }
  int runs(const std::string& operation) { return world.action("test:" + operation).runs; }

  TypeFolder types;
  World world;
  base::EnvironmentId id;
};

}  // namespace slipway::broker::test_world
