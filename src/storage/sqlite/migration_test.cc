// Data files of older programs: made by the migrations of their time, with rows in them, and brought up to date here.

#include <fmt/format.h>
#include <signal.h>
#include <sqlite3.h>
#include <unistd.h>

#include "storage/environments.h"
#include "storage/executions.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/migrate.h"
#include "storage/store_fixture.h"

namespace slipway::storage::sqlite {
namespace {

using base::ErrorKind;
using base::Result;
using testing::ElementsAre;
using testing::HasSubstr;

struct Migrated : testing::TestWithParam<int> {
  std::filesystem::path file() { return folder.path() / "slipway.db"; }

  std::unique_ptr<SqliteConnection> connect() {
    return SqliteConnection::open(file(), SqliteConnection::Mode::writer).value();
  }

  // A file of schema `version`, with a launch in flight, one that ended, and what belongs to them.
  void make(int version) {
    auto connection = connect();
    migrate(*connection, file(), migrations().first(static_cast<std::size_t>(version))).value();
    std::string rows =
        "INSERT INTO environment (id, name, type, region, owner, status, rolled_back, rolling_back, failure_code, "
        "failure_reason, parameters, tags, request_document, outputs, fleet, fleet_updated_at, created_at, updated_at, "
        "correlation_id, version) VALUES ('env-1', 'flying', 'parallelcluster', 'local', 'me', 'pending', 0, 0, '', "
        "'', "
        "'{}', '{}', 'Region: local', '{}', 'running', 1, 1, 1, 'c-1', 1), ('env-2', 'there', 'parallelcluster', "
        "'local', 'me', 'available', 0, 0, '', '', '{}', '{}', '', '{}', 'running', 1, 1, 1, 'c-2', 1);"
        "INSERT INTO document VALUES ('launch', 1, 'abc', 'mainSteps: []', 1, 1);"
        "INSERT INTO execution (id, environment_id, document_name, document_version, kind, correlation_id, created_at, "
        "state, cursor, visit, attempt, generation, wake_at, deadline, progress, vals, failure_code, failure_text, "
        "started_at, ended_at, seq, fence, cancel_at, cancel_by) VALUES "
        "('x-1', 'env-1', 'launch', 1, 'launch', 'c-1', 1, 'InProgress', 'Prepare', 1, 1, 0, NULL, 99, '{}', '{}', '', "
        "'', 2, NULL, 1, 1, NULL, ''), ('x-2', 'env-2', 'launch', 1, 'launch', 'c-2', 1, 'Success', 'WaitNodes', 1, 1, "
        "0, NULL, NULL, '{}', '{}', '', '', 2, 3, 2, 1, NULL, '');"
        "INSERT INTO journal (execution_id, seq, fence, step, visit, attempt, kind, at, payload) VALUES "
        "('x-1', 0, 1, '', 0, 0, 'Accepted', 1, '{}'), ('x-1', 1, 1, 'Prepare', 1, 1, 'Entered', 2, '{}');"
        "INSERT INTO effect VALUES ('x-1', 'Prepare', 1, 0, 'token', 'local:slurmPrepare', 'name', 'h', 'intent', 1, "
        "2, "
        "2, '{}');"
        "INSERT INTO audit (at, who, surface, what, target, before, after, request_id, correlation_id) VALUES (1, "
        "'me', "
        "'parallelcluster', 'CreateCluster', 'env-1', '', '', 'r', 'c-1');"
        "INSERT INTO port VALUES (7000, 'env-2', 1);";
    if (version >= 2) rows += "INSERT INTO access_key (id, name, secret, created_at) VALUES ('AKIA1', 'me', 'aa', 1);";
    connection->run_script(rows).value();
  }

  int version_in_file() {
    int version = 0;
    connect()
        ->query("SELECT max(version) FROM schema_version", {},
                [&](const Row& row) { version = static_cast<int>(row.integer(0)); })
        .value();
    return version;
  }

  Result<void> write(Database& database, Transaction work) {
    return run_to_end(runtime, [&] { return database.write(std::move(work)); });
  }

  TemporaryFolder folder;
  net::Runtime runtime;
};

std::vector<std::string> texts(Connection& connection, std::string_view sql) {
  std::vector<std::string> all;
  connection.query(sql, {}, [&](const Row& row) { all.emplace_back(row.text(0)); }).value();
  return all;
}

TEST_P(Migrated, keeps_every_row_and_the_launch_in_flight_goes_on_from_where_it_stands) {
  make(GetParam());
  auto database = open_database(runtime, folder.path());
  ASSERT_TRUE(database) << database.error().describe();
  auto& reader = (*database)->reader();
  EXPECT_THAT(texts(reader, "SELECT name || ' ' || status || ' ' || type_version FROM environment ORDER BY id"),
              ElementsAre("flying pending 0", "there available 0"));
  EXPECT_THAT(texts(reader, "SELECT kind FROM journal ORDER BY jid"), ElementsAre("Accepted", "Entered"));
  EXPECT_THAT(texts(reader, "SELECT parent_id || retry_of || cancel_kind FROM execution"), ElementsAre("", ""));
  EXPECT_THAT(texts(reader, "SELECT environment_id FROM port"), ElementsAre("env-2"));
  EXPECT_THAT(texts(reader, "PRAGMA foreign_key_check"), testing::IsEmpty());
  EXPECT_THAT(texts(reader, "PRAGMA integrity_check"), ElementsAre("ok"));

  std::vector<std::string> active;
  ASSERT_TRUE(each_due_execution(reader, base::Time::max(), [&](const Due& due) { active.push_back(due.id.str()); }));
  EXPECT_THAT(active, ElementsAre("x-1"));
  Move move;
  move.next = find_execution(reader, base::ExecutionId("x-1")).value().value();
  EXPECT_EQ(move.next.cursor, "Prepare");
  move.next.cursor = "StartController";
  move.journal.resize(1);
  move.journal[0].kind = "Outcome";
  auto moved = Moved::lost;
  ASSERT_TRUE(write(**database, [&](Connection& connection) -> Result<void> {
    moved = TRY(move_execution(connection, move));
    return {};
  }));
  EXPECT_EQ(moved, Moved::yes);
}

// The rule of one active execution changed with schema 3: it counts those without a parent.
TEST_P(Migrated, one_environment_has_one_active_execution_and_any_number_of_children) {
  make(GetParam());
  auto database = open_database(runtime, folder.path()).value();
  auto insert = [&](std::string id, std::string parent) {
    return write(*database, [=](Connection& connection) -> Result<void> {
      TRY(connection.execute(
          "INSERT INTO execution (id, environment_id, document_name, document_version, kind, correlation_id, "
          "created_at, state, cursor, visit, attempt, generation, progress, vals, failure_code, failure_text, seq, "
          "fence, cancel_by, parent_id) SELECT ?, environment_id, document_name, document_version, kind, "
          "correlation_id, created_at, state, cursor, visit, attempt, generation, progress, vals, failure_code, "
          "failure_text, seq, fence, cancel_by, ? FROM execution WHERE id = 'x-1'",
          {id, parent}));
      return {};
    });
  };
  EXPECT_EQ(kind(insert("x-3", "")), ErrorKind::conflict);
  EXPECT_TRUE(insert("x-4", "x-1"));
  EXPECT_TRUE(insert("x-5", "x-1"));
}

TEST_P(Migrated, leaves_a_copy_of_what_was_there_before) {
  make(GetParam());
  open_database(runtime, folder.path()).value()->stop();
  const auto copy = fmt::format("slipway.db.before-{}", GetParam() + 1);
  ASSERT_TRUE(std::filesystem::exists(folder.path() / copy));
  std::filesystem::rename(folder.path() / copy, file());
  EXPECT_EQ(version_in_file(), GetParam());
  EXPECT_THAT(texts(*connect(), "SELECT name FROM environment ORDER BY id"), ElementsAre("flying", "there"));
}

TEST_P(Migrated, is_refused_by_the_program_of_its_time_which_changes_nothing) {
  make(GetParam());
  open_database(runtime, folder.path()).value()->stop();
  auto older = open_database(runtime, folder.path(), migrations().first(static_cast<std::size_t>(GetParam())));
  ASSERT_EQ(kind(older), ErrorKind::conflict);
  EXPECT_THAT(older.error().message,
              HasSubstr(fmt::format("schema {}, this program knows {}", migrations().size(), GetParam())));
  EXPECT_THAT(older.error().message, HasSubstr(fmt::format("before-{}", GetParam() + 1)));
  EXPECT_EQ(version_in_file(), static_cast<int>(migrations().size()));
}

// An SQL function by which a migration ends the process, as kill -9 in its middle does.
void die(sqlite3_context*, int, sqlite3_value**) {
  kill(getpid(), SIGKILL);
}
int add_die(sqlite3* handle, char**, const sqlite3_api_routines*) {
  return sqlite3_create_function(handle, "die", 0, SQLITE_UTF8, nullptr, die, nullptr, nullptr);
}

void migrate_until_killed(const std::filesystem::path& file, int at) {
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(add_die));
  std::vector<Migration> known(migrations().begin(), migrations().end());
  auto& last = known[static_cast<std::size_t>(at - 1)];
  const std::string sql = std::string(last.sql) + "CREATE TABLE half_done (x INTEGER); SELECT die();";
  last.sql = sql;
  auto connection = SqliteConnection::open(file, SqliteConnection::Mode::writer).value();
  (void)migrate(*connection, file, known);
}

TEST_P(Migrated, goes_on_where_kill_9_interrupted_any_of_its_migrations) {
  for (int at = GetParam() + 1; at <= static_cast<int>(migrations().size()); ++at) {
    std::filesystem::remove_all(folder.path());
    std::filesystem::create_directory(folder.path());
    make(GetParam());
    EXPECT_EXIT(migrate_until_killed(file(), at), testing::KilledBySignal(SIGKILL), "");
    EXPECT_EQ(version_in_file(), at - 1) << "a migration is whole or not there";
    auto database = open_database(runtime, folder.path());
    ASSERT_TRUE(database) << database.error().describe();
    auto& reader = (*database)->reader();
    EXPECT_THAT(texts(reader, "SELECT name FROM sqlite_master WHERE name = 'half_done'"), testing::IsEmpty());
    EXPECT_THAT(texts(reader, "SELECT name FROM environment ORDER BY id"), ElementsAre("flying", "there"));
    EXPECT_TRUE(std::filesystem::exists(folder.path() / fmt::format("slipway.db.before-{}", GetParam() + 1)));
  }
}

INSTANTIATE_TEST_SUITE_P(Schemas, Migrated, testing::Range(1, static_cast<int>(migrations().size())),
                         [](const auto& test) { return fmt::format("from_{}", test.param); });

}  // namespace
}  // namespace slipway::storage::sqlite
