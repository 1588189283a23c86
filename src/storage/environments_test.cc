// Conformance of a store: environments, ports and audit.

#include "storage/environments.h"

#include <fmt/format.h>

#include "storage/audit.h"
#include "storage/listings.h"
#include "storage/ports.h"
#include "storage/store_fixture.h"

namespace slipway::storage {
namespace {

using base::EnvironmentId;
using base::ErrorKind;
using base::Result;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

base::Time at(int milliseconds) {
  return base::Time(std::chrono::milliseconds(milliseconds));
}

EnvironmentRow environment(std::string id, std::string name) {
  EnvironmentRow row;
  row.id = EnvironmentId(std::move(id));
  row.name = std::move(name);
  row.type = "parallelcluster";
  row.region = "local";
  row.status = "pending";
  return row;
}

struct Environments : Store {
  Result<void> insert(EnvironmentRow row) {
    return write([row = std::move(row)](Connection& connection) { return insert_environment(connection, row); });
  }
  Result<void> update(EnvironmentRow row) {
    return write([row = std::move(row)](Connection& connection) { return update_environment(connection, row); });
  }
  EnvironmentRow stored(std::string id) {
    return find_environment(database->reader(), EnvironmentId(std::move(id))).value().value();
  }
  std::vector<std::string> page(std::string after, int limit) {
    return ids(list_environments(database->reader(), "parallelcluster", "local", EnvironmentId(after), limit));
  }
  static std::vector<std::string> ids(Result<std::vector<EnvironmentRow>> rows) {
    std::vector<std::string> all;
    for (const auto& row : *rows) all.push_back(row.id.str());
    return all;
  }
};

TEST_P(Environments, every_column_comes_back_as_it_was_written) {
  auto row = environment("env-1", "first");
  row.owner = "ann";
  row.rolled_back = true;
  row.failure_code = "NoFreePort";
  row.failure_reason = "no port is free";
  row.parameters = R"({"a":1})";
  row.tags = R"({"team":"x"})";
  row.request_document = std::string("Region: local\n\0", 15);
  row.outputs = R"({"b":[2]})";
  row.fleet = "running";
  row.fleet_updated_at = at(1);
  row.created_at = at(2);
  row.updated_at = at(3);
  row.correlation_id = "c-1";
  row.version = 4;
  ASSERT_TRUE(insert(row));
  const auto back = stored("env-1");
  EXPECT_EQ(back.name, row.name);
  EXPECT_EQ(back.type, row.type);
  EXPECT_EQ(back.region, row.region);
  EXPECT_EQ(back.owner, row.owner);
  EXPECT_EQ(back.status, row.status);
  EXPECT_EQ(back.rolled_back, true);
  EXPECT_EQ(back.rolling_back, false);
  EXPECT_EQ(back.failure_code, row.failure_code);
  EXPECT_EQ(back.failure_reason, row.failure_reason);
  EXPECT_EQ(back.parameters, row.parameters);
  EXPECT_EQ(back.tags, row.tags);
  EXPECT_EQ(back.request_document, row.request_document);
  EXPECT_EQ(back.outputs, row.outputs);
  EXPECT_EQ(back.fleet, row.fleet);
  EXPECT_EQ(back.fleet_updated_at, at(1));
  EXPECT_EQ(back.created_at, at(2));
  EXPECT_EQ(back.updated_at, at(3));
  EXPECT_EQ(back.correlation_id, row.correlation_id);
  EXPECT_EQ(back.version, 4);
}

TEST_P(Environments, an_update_writes_every_column_but_id_and_creation) {
  auto row = environment("env-1", "first");
  row.created_at = at(2);
  ASSERT_TRUE(insert(row));
  auto next = environment("env-1", "first");
  next.owner = "bob";
  next.status = "available";
  next.rolling_back = true;
  next.failure_code = "X";
  next.failure_reason = "why";
  next.parameters = R"({"p":1})";
  next.tags = R"({"t":"1"})";
  next.request_document = "new";
  next.outputs = R"({"o":1})";
  next.fleet = "stopped";
  next.fleet_updated_at = at(5);
  next.created_at = at(6);
  next.updated_at = at(7);
  next.correlation_id = "c-2";
  ASSERT_TRUE(update(next));
  const auto back = stored("env-1");
  EXPECT_EQ(back.owner, "bob");
  EXPECT_EQ(back.status, "available");
  EXPECT_EQ(back.rolled_back, false);
  EXPECT_EQ(back.rolling_back, true);
  EXPECT_EQ(back.failure_code, "X");
  EXPECT_EQ(back.failure_reason, "why");
  EXPECT_EQ(back.parameters, next.parameters);
  EXPECT_EQ(back.tags, next.tags);
  EXPECT_EQ(back.request_document, "new");
  EXPECT_EQ(back.outputs, next.outputs);
  EXPECT_EQ(back.fleet, "stopped");
  EXPECT_EQ(back.fleet_updated_at, at(5));
  EXPECT_EQ(back.created_at, at(2));
  EXPECT_EQ(back.updated_at, at(7));
  EXPECT_EQ(back.correlation_id, "c-2");
  EXPECT_EQ(back.version, 1);
}

TEST_P(Environments, an_update_of_what_somebody_else_changed_meanwhile_is_refused) {
  ASSERT_TRUE(insert(environment("env-1", "first")));
  const auto read_by_both = stored("env-1");
  ASSERT_TRUE(update(read_by_both));
  EXPECT_EQ(kind(update(read_by_both)), ErrorKind::conflict);
  EXPECT_TRUE(update(stored("env-1")));
  EXPECT_EQ(kind(update(environment("env-2", "missing"))), ErrorKind::conflict);
}

TEST_P(Environments, a_name_is_unique_per_type_and_region_until_its_environment_is_terminated) {
  ASSERT_TRUE(insert(environment("env-1", "first")));
  EXPECT_EQ(kind(insert(environment("env-2", "first"))), ErrorKind::conflict);
  auto elsewhere = environment("env-3", "first");
  elsewhere.region = "eu-west-2";
  EXPECT_TRUE(insert(elsewhere));

  auto gone = stored("env-1");
  gone.status = "terminated";
  ASSERT_TRUE(update(gone));
  EXPECT_EQ(find_live_environment(database->reader(), "parallelcluster", "local", "first").value(), std::nullopt);
  ASSERT_TRUE(insert(environment("env-4", "first")));
  EXPECT_EQ(find_live_environment(database->reader(), "parallelcluster", "local", "first").value()->id.str(), "env-4");
}

TEST_P(Environments, a_name_means_what_lives_under_it_or_else_the_newest_that_had_it) {
  ExplainingConnection connection(database->reader());
  const auto named = [&](std::string_view name) {
    connection.plan.clear();
    std::vector<std::string> all;
    const auto found = environments_named(connection, name);
    for (const auto& id : *found) all.push_back(id.str());
    for (const auto& step : connection.plan) EXPECT_THAT(step, testing::StartsWith("SEARCH environment USING "));
    return all;
  };
  EXPECT_THAT(named("first"), IsEmpty());
  ASSERT_TRUE(insert(environment("env-1", "first")));
  // However many had the name after it, elsewhere.
  for (int i = 2; i < 120; ++i) {
    auto other = environment(fmt::format("env-{}", i), "first");
    other.region = "eu-west-2";
    other.status = "terminated";
    ASSERT_TRUE(insert(other));
  }
  EXPECT_THAT(named("first"), ElementsAre("env-1"));
  auto elsewhere = environment("env-200", "first");
  elsewhere.region = "eu-west-2";
  ASSERT_TRUE(insert(elsewhere));
  EXPECT_THAT(named("first"), UnorderedElementsAre("env-1", "env-200"));
  for (const auto* id : {"env-1", "env-200"}) {
    auto gone = stored(id);
    gone.status = "terminated";
    ASSERT_TRUE(update(gone));
  }
  EXPECT_THAT(named("first"), ElementsAre("env-99"));
}

TEST_P(Environments, pages_are_in_order_of_creation_without_what_is_terminated_or_elsewhere) {
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(insert(environment(fmt::format("env-{}", i), fmt::format("c{}", 9 - i))));
  auto other = environment("env-6", "other");
  other.type = "emr";
  ASSERT_TRUE(insert(other));
  auto gone = stored("env-2");
  gone.status = "terminated";
  ASSERT_TRUE(update(gone));

  EXPECT_THAT(page("", 2), ElementsAre("env-1", "env-3"));
  EXPECT_THAT(page("env-3", 2), ElementsAre("env-4", "env-5"));
  EXPECT_THAT(page("env-5", 2), IsEmpty());

  std::vector<std::string> live;
  ASSERT_TRUE(each_live_environment(database->reader(), [&](EnvironmentRow row) { live.push_back(row.id.str()); }));
  EXPECT_THAT(live, UnorderedElementsAre("env-1", "env-3", "env-4", "env-5", "env-6"));
}

TEST_P(Environments, pages_of_any_filter_are_read_in_order_from_an_index) {
  for (const auto& [id, type, status] : {std::tuple("env-1", "a", "available"),
                                         {"env-2", "b", "stopped"},
                                         {"env-3", "a", "terminated"},
                                         {"env-4", "a", "stopped"}}) {
    auto row = environment(id, id);
    row.type = type;
    row.status = status;
    ASSERT_TRUE(insert(row));
  }
  ExplainingConnection connection(database->reader());
  const auto page_of = [&](EnvironmentFilter filter, std::string after) {
    connection.plan.clear();
    std::vector<std::string> all;
    const auto found = list_environment_ids(connection, filter, EnvironmentId(std::move(after)), 10);
    for (const auto& id : *found) all.push_back(id.str());
    EXPECT_THAT(connection.plan, ElementsAre(testing::StartsWith("SEARCH environment USING ")));
    EXPECT_THAT(connection.plan, ElementsAre(testing::HasSubstr("id>?")));
    return all;
  };
  EXPECT_THAT(page_of({}, ""), ElementsAre("env-1", "env-2", "env-4"));
  EXPECT_THAT(page_of({}, "env-1"), ElementsAre("env-2", "env-4"));
  EXPECT_THAT(page_of({.type = "a", .region = {}, .status = {}}, ""), ElementsAre("env-1", "env-4"));
  EXPECT_THAT(page_of({.type = "a", .region = "local", .status = {}}, ""), ElementsAre("env-1", "env-4"));
  EXPECT_THAT(page_of({.type = {}, .region = {}, .status = "stopped"}, ""), ElementsAre("env-2", "env-4"));
  EXPECT_THAT(page_of({.type = "a", .region = {}, .status = "terminated"}, ""), ElementsAre("env-3"));
}

TEST_P(Environments, what_does_not_exist_is_not_found) {
  EXPECT_EQ(find_environment(database->reader(), EnvironmentId("env-1")).value(), std::nullopt);
}

struct Ports : Environments {
  Result<void> reserve(std::string id, std::vector<std::uint16_t> ports) {
    return write([=](Connection& connection) { return reserve_ports(connection, EnvironmentId(id), ports, at(1)); });
  }
  std::vector<std::uint16_t> of(std::string id) {
    return ports_of(database->reader(), EnvironmentId(std::move(id))).value();
  }
};

TEST_P(Ports, are_reserved_all_or_none_and_only_once) {
  ASSERT_TRUE(insert(environment("env-1", "a")));
  ASSERT_TRUE(insert(environment("env-2", "b")));
  ASSERT_TRUE(reserve("env-1", {7002, 7001}));
  ASSERT_TRUE(reserve("env-1", {7001, 7003}));
  EXPECT_EQ(kind(reserve("env-2", {7004, 7003})), ErrorKind::conflict);
  EXPECT_THAT(of("env-1"), ElementsAre(7001, 7002, 7003));
  EXPECT_THAT(of("env-2"), IsEmpty());
  EXPECT_EQ(kind(reserve("env-unknown", {7005})), ErrorKind::conflict);

  ASSERT_TRUE(reserve("env-2", {65535}));
  const auto all = all_ports(database->reader()).value();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[3].port, 65535);
  EXPECT_EQ(all[3].environment_id.str(), "env-2");
  EXPECT_EQ(all[3].reserved_at, at(1));
}

TEST_P(Ports, that_were_given_back_can_be_reserved_again) {
  ASSERT_TRUE(insert(environment("env-1", "a")));
  ASSERT_TRUE(insert(environment("env-2", "b")));
  ASSERT_TRUE(reserve("env-1", {7001, 7002}));
  for (int twice = 0; twice < 2; ++twice) {
    ASSERT_TRUE(write([](Connection& connection) { return release_ports(connection, EnvironmentId("env-1")); }));
  }
  EXPECT_TRUE(reserve("env-2", {7001}));
  EXPECT_THAT(of("env-1"), IsEmpty());
}

TEST_P(Environments, audit_records_come_back_newest_first_by_target_and_in_pages) {
  for (int i = 1; i <= 4; ++i) {
    AuditRow row{.id = 0,
                 .at = at(i),
                 .who = "ann",
                 .surface = "parallelcluster",
                 .what = fmt::format("Call{}", i),
                 .target = i % 2 ? "env-1" : "env-2",
                 .before = "",
                 .after = "{}",
                 .request_id = "r",
                 .correlation_id = "c"};
    ASSERT_TRUE(write([row](Connection& connection) { return insert_audit(connection, row); }));
  }
  const auto page = list_audit(database->reader(), "", 0, 3).value();
  ASSERT_EQ(page.size(), 3u);
  EXPECT_EQ(page[0].what, "Call4");
  EXPECT_EQ(page[2].what, "Call2");
  const auto rest = list_audit(database->reader(), "", page[2].id, 3).value();
  ASSERT_EQ(rest.size(), 1u);
  const auto& row = rest[0];
  EXPECT_EQ(row.at, at(1));
  EXPECT_EQ(row.who, "ann");
  EXPECT_EQ(row.surface, "parallelcluster");
  EXPECT_EQ(row.target, "env-1");
  EXPECT_EQ(row.before, "");
  EXPECT_EQ(row.after, "{}");
  EXPECT_EQ(row.request_id, "r");
  EXPECT_EQ(row.correlation_id, "c");
  const auto of_one = list_audit(database->reader(), "env-1", 0, 10).value();
  ASSERT_EQ(of_one.size(), 2u);
  EXPECT_EQ(of_one[0].what, "Call3");
}

INSTANTIATE_TEST_SUITE_P(Stores, Environments, testing::ValuesIn(stores()), store_name);
INSTANTIATE_TEST_SUITE_P(Stores, Ports, testing::ValuesIn(stores()), store_name);

}  // namespace
}  // namespace slipway::storage
