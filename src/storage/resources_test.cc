// Conformance of a store: what environments make.

#include "storage/resources.h"

#include "storage/environments.h"
#include "storage/store_fixture.h"

namespace slipway::storage {
namespace {

using base::EnvironmentId;
using base::ErrorKind;
using base::Result;
using testing::ElementsAre;
using testing::IsEmpty;

base::Time at(int milliseconds) {
  return base::Time(std::chrono::milliseconds(milliseconds));
}

struct Resources : Store {
  Resources() {
    for (const auto* id : {"env-1", "env-2"}) {
      EnvironmentRow row;
      row.id = EnvironmentId(id);
      row.name = id;
      row.status = "available";
      write([row](Connection& connection) { return insert_environment(connection, row); }).value();
    }
  }

  Result<void> record(std::string environment, std::string kind, std::string locator, int time = 1) {
    ResourceRow row;
    row.environment_id = EnvironmentId(std::move(environment));
    row.kind = std::move(kind);
    row.locator = std::move(locator);
    row.region = "local";
    row.token = "token";
    row.recorded_at = at(time);
    return write([row](Connection& connection) { return record_resource(connection, row); });
  }
  void change(std::function<void(EnvironmentRow&)> how) {
    write([&](Connection& connection) -> Result<void> {
      auto row = TRY(find_environment(connection, EnvironmentId("env-1"))).value();
      how(row);
      return update_environment(connection, row);
    }).value();
  }
  // "kind locator state" of each.
  std::vector<std::string> states() {
    std::vector<std::string> all;
    const auto rows = resources_of(database->reader(), EnvironmentId("env-1")).value();
    for (const auto& row : rows) {
      all.push_back(row.kind + " " + row.locator + " " + row.state);
    }
    return all;
  }
  std::vector<std::string> leftovers(std::optional<EnvironmentId> of = {}) {
    std::vector<std::string> all;
    const auto rows = leftover_resources(database->reader(), of, 100).value();
    for (const auto& row : rows) {
      all.push_back(row.resource.kind + " " + row.resource.locator);
    }
    return all;
  }
};

TEST_P(Resources, a_life_is_intent_present_gone) {
  record("env-1", "folder", "/x").value();
  EXPECT_THAT(states(), ElementsAre("folder /x intent"));
  write([](Connection& connection) {
    return set_resource_present(connection, EnvironmentId("env-1"), "folder", "/x");
  }).value();
  record("env-1", "folder", "/x", 5).value();  // a step that is done again takes nothing back
  EXPECT_THAT(states(), ElementsAre("folder /x present"));
  write([](Connection& connection) {
    return set_resource_gone(connection, EnvironmentId("env-1"), "folder", "/x", at(7));
  }).value();
  EXPECT_THAT(states(), ElementsAre("folder /x gone"));
  EXPECT_EQ(resources_of(database->reader(), EnvironmentId("env-1"))->front().gone_at, at(7));
  // What is gone does not come back by a late word, only by being recorded anew.
  write([](Connection& connection) {
    return set_resource_present(connection, EnvironmentId("env-1"), "folder", "/x");
  }).value();
  EXPECT_THAT(states(), ElementsAre("folder /x gone"));
  record("env-1", "folder", "/x", 9).value();
  const auto row = resources_of(database->reader(), EnvironmentId("env-1"))->front();
  EXPECT_EQ(row.state, "intent");
  EXPECT_EQ(row.recorded_at, at(9));
  EXPECT_EQ(row.gone_at, std::nullopt);
  EXPECT_EQ(row.token, "token");
}

TEST_P(Resources, belong_to_an_environment) {
  EXPECT_EQ(kind(record("env-9", "folder", "/x")), ErrorKind::conflict);
}

TEST_P(Resources, survive_the_broker) {
  record("env-1", "port", "20000").value();
  reopen();
  EXPECT_THAT(states(), ElementsAre("port 20000 intent"));
}

TEST_P(Resources, of_one_kind_go_together) {
  for (const auto* port : {"20000", "20001"}) record("env-1", "port", port).value();
  record("env-1", "folder", "/x").value();
  write([](Connection& connection) {
    return set_resources_gone(connection, EnvironmentId("env-1"), "port", at(3));
  }).value();
  EXPECT_THAT(states(), ElementsAre("folder /x intent", "port 20000 gone", "port 20001 gone"));
}

TEST_P(Resources, are_leftovers_when_their_environment_is_gone) {
  record("env-1", "folder", "/x").value();
  record("env-1", "port", "20000").value();
  record("env-2", "folder", "/y").value();
  EXPECT_THAT(leftovers(), IsEmpty());
  change([](EnvironmentRow& row) {
    row.status = "terminated";
    row.updated_at = at(42);
  });
  EXPECT_THAT(leftovers(), ElementsAre("folder /x", "port 20000"));
  EXPECT_THAT(leftovers(EnvironmentId("env-1")), ElementsAre("folder /x", "port 20000"));
  EXPECT_THAT(leftovers(EnvironmentId("env-2")), IsEmpty());
  EXPECT_EQ(leftover_resources(database->reader(), {}, 1)->front().since, at(42));
  write([](Connection& connection) {
    return set_resources_gone(connection, EnvironmentId("env-1"), "port", at(3));
  }).value();
  EXPECT_THAT(leftovers(), ElementsAre("folder /x"));
}

TEST_P(Resources, of_a_launch_that_was_rolled_back_are_leftovers) {
  record("env-1", "folder", "/x").value();
  change([](EnvironmentRow& row) { row.status = "failed"; });
  EXPECT_THAT(leftovers(), IsEmpty());
  change([](EnvironmentRow& row) { row.rolled_back = true; });
  EXPECT_THAT(leftovers(), ElementsAre("folder /x"));
}

INSTANTIATE_TEST_SUITE_P(Stores, Resources, testing::ValuesIn(stores()), store_name);

}  // namespace
}  // namespace slipway::storage
