#include "storage/types.h"

#include "storage/environments.h"
#include "storage/store_fixture.h"

namespace slipway::storage {
namespace {

using base::ErrorKind;
using testing::ElementsAre;

class Types : public Store {
 protected:
  EnsuredVersion ensure(std::string name, std::string content) {
    EnsuredVersion ensured;
    write([&](Connection& connection) -> base::Result<void> {
      ensured = TRY(ensure_type_version(connection, {.name = name,
                                                     .sha256 = "sha of " + content,
                                                     .files = content,
                                                     .source = "folder",
                                                     .created_at = base::Time(std::chrono::milliseconds(5)),
                                                     .created_by = "alice"}));
      return {};
    }).value();
    return ensured;
  }
  base::Result<void> set_current(std::string name, std::int64_t version) {
    return write([=](Connection& connection) {
      return set_current_type_version(connection, name, version, base::Time(std::chrono::milliseconds(6)));
    });
  }
};

TEST_P(Types, EachContentIsOneVersion) {
  EXPECT_EQ(ensure("one", "a").version, 1);
  const auto second = ensure("one", "b");
  EXPECT_EQ(second.version, 2);
  EXPECT_TRUE(second.added);
  const auto again = ensure("one", "a");
  EXPECT_EQ(again.version, 1);
  EXPECT_FALSE(again.added);
  EXPECT_EQ(ensure("two", "a").version, 1);
  reopen();
  const auto found = find_type_version(database->reader(), "one", 2).value().value();
  EXPECT_EQ(found.files, "b");
  EXPECT_EQ(found.created_by, "alice");
  EXPECT_EQ(found.created_at.time_since_epoch().count(), 5);
  EXPECT_FALSE(find_type_version(database->reader(), "one", 3).value());
  std::vector<std::int64_t> versions;
  const auto rows = list_type_versions(database->reader(), "one").value();
  for (const auto& row : rows) versions.push_back(row.version);
  EXPECT_THAT(versions, ElementsAre(2, 1));
}

TEST_P(Types, OneOfThemIsCurrent) {
  EXPECT_EQ(kind(set_current("one", 1)), ErrorKind::conflict);
  ensure("one", "a");
  ensure("one", "b");
  EXPECT_FALSE(current_type_version(database->reader(), "one").value());
  EXPECT_TRUE(list_current_types(database->reader()).value().empty());
  set_current("one", 2).value();
  set_current("one", 1).value();
  EXPECT_EQ(current_type_version(database->reader(), "one").value(), 1);
  EXPECT_EQ(kind(set_current("one", 3)), ErrorKind::conflict);
  const auto current = list_current_types(database->reader()).value();
  ASSERT_EQ(current.size(), 1u);
  EXPECT_EQ(current[0].files, "a");
}

TEST_P(Types, WhatAnEnvironmentUsesIsFound) {
  ensure("one", "a");
  ensure("one", "b");
  const auto add = [&](std::string id, std::int64_t version, std::string status) {
    EnvironmentRow row;
    row.id = base::EnvironmentId(id);
    row.name = id;
    row.type = "one";
    row.region = "local";
    row.status = status;
    row.type_version = version;
    write([=](Connection& connection) { return insert_environment(connection, row); }).value();
  };
  add("env-1", 1, "available");
  add("env-2", 1, "failed");
  add("env-3", 2, "terminated");
  add("env-4", 0, "available");
  const auto used = list_types_in_use(database->reader()).value();
  ASSERT_EQ(used.size(), 1u);
  EXPECT_EQ(used[0].version, 1);
  std::vector<std::int64_t> versions;
  ExplainingConnection connection(database->reader());
  const auto in_use = list_versions_in_use(connection).value();
  for (const auto& [name, version] : in_use) versions.push_back(version);
  EXPECT_THAT(versions, ElementsAre(0, 1));
  EXPECT_THAT(connection.plan, ElementsAre(testing::HasSubstr("USING INDEX environment_live_version")));
  EXPECT_THAT(find_environment_of_version(connection, "one", 1).value()->name, testing::AnyOf("env-1", "env-2"));
  EXPECT_FALSE(find_environment_of_version(connection, "one", 2).value());
}

TEST_P(Types, ARemovedVersionKeepsItsNumber) {
  ensure("one", "a");
  ensure("one", "b");
  const auto remove = [&](std::int64_t version) {
    return write([=](Connection& connection) {
      return remove_type_version(connection, "one", version, base::Time(std::chrono::milliseconds(7)));
    });
  };
  set_current("one", 2).value();
  EXPECT_EQ(kind(remove(2)), ErrorKind::conflict);
  set_current("one", 1).value();
  remove(2).value();
  EXPECT_FALSE(find_type_version(database->reader(), "one", 2).value());
  EXPECT_FALSE(has_type_version(database->reader(), "one", 2).value());
  EXPECT_TRUE(has_type_version(database->reader(), "one", 1).value());
  EXPECT_EQ(ensure("one", "c").version, 3);
  EXPECT_EQ(type_version_before(database->reader(), "one", 3).value(), 1);
  EXPECT_FALSE(type_version_before(database->reader(), "one", 1).value());
  const auto back = ensure("one", "b");
  EXPECT_EQ(back.version, 2);
  EXPECT_TRUE(back.added);
  write([](Connection& connection) { return forget_type(connection, "one"); }).value();
  for (const auto version : {1, 2, 3}) remove(version).value();
  EXPECT_TRUE(list_type_versions(database->reader(), "one").value().empty());
  EXPECT_FALSE(current_type_version(database->reader(), "one").value());
  EXPECT_EQ(ensure("one", "d").version, 4);
}

TEST_P(Types, WhatAFolderHeldIsRemembered) {
  ensure("one", "a");
  EXPECT_EQ(folder_type_version(database->reader(), "one").value(), 0);
  set_current("one", 1).value();
  EXPECT_EQ(folder_type_version(database->reader(), "one").value(), 0);
  write([](Connection& connection) { return set_folder_type_version(connection, "one", 1); }).value();
  ensure("one", "b");
  set_current("one", 2).value();
  reopen();
  EXPECT_EQ(folder_type_version(database->reader(), "one").value(), 1);
}

INSTANTIATE_TEST_SUITE_P(Stores, Types, testing::ValuesIn(stores()), store_name);

}  // namespace
}  // namespace slipway::storage
