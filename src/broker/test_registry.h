#pragma once
// A broker with one type, `thing`, whose folder is the test's own. Used by tests of this folder and by nothing else.

#include <gtest/gtest.h>

#include "broker/test_world.h"
#include "broker/types.h"

namespace slipway::broker::test_world {

inline std::string type_yaml(std::string_view title) {
  return "name: thing\ntitle: " + std::string(title) +
         "\nparameters:\n  Configuration: {type: StringMap}\ninstance: {id: Id}\n"
         "documents:\n  local: {launch: launch.yaml, terminate: launch.yaml}\n";
}

inline constexpr std::string_view kDocument = R"(schemaVersion: '0.3'
mainSteps:
  - {name: Only, action: 'test:make', inputs: {}, isEnd: true}
outputs: [Only.Id]
)";

class Registry : public testing::Test {
 protected:
  Registry() {
    world.add_action("test:make", {"Id"});
    world.action("test:make").outputs = {{"Id", "i-1"}};
    write("launch.yaml", kDocument);
    write("type.yaml", type_yaml("One"));
    world.restart_with(folder.path());
  }

  void write(const std::string& file, std::string_view text) { folder.write("thing", file, text); }
  TypeRegistry& types() { return *world.types; }
  std::string title() {
    const auto type = types().find("thing");
    return type ? type->title : "none";
  }
  void until_title(std::string_view wanted) {
    world.until([&] { return title() == wanted; });
  }
  static TypeRegistry::Beside nothing() {
    return [](storage::Connection&, int, int) { return base::Result<void>(); };
  }
  TypeFiles files(std::string_view title) {
    return {.name = "thing", .files = {{"type.yaml", type_yaml(title)}, {"launch.yaml", std::string(kDocument)}}};
  }
  std::vector<std::int64_t> versions() {
    std::vector<std::int64_t> all;
    const auto rows = types().versions("thing").value();
    for (const auto& row : rows) all.push_back(row.version);
    return all;
  }
  static LaunchRequest request(std::string name, int version = 0) {
    auto request = World::launch_request(std::move(name));
    request.type = "thing";
    request.version = version;
    return request;
  }
  base::Result<EnvironmentPtr> launch(std::string name, int version = 0) {
    return world.launch(request(std::move(name), version));
  }
  void until_broken(bool broken) {
    world.until([&] { return types().list().front().problem.empty() != broken; });
    // What was seen is also written.
    world.run([&] { return world.database->write([](storage::Connection&) { return base::Result<void>(); }); }).value();
  }
  EnvironmentPtr available(const base::EnvironmentId& id) {
    world.until([&] { return world.environments->find(id).value()->status == Status::available; });
    return world.environments->find(id).value();
  }

  TypeFolder folder;
  World world;
};

}  // namespace slipway::broker::test_world
