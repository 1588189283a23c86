#include "tool/database_check.h"

#include <fmt/format.h>

#include "auth/column_seal.h"
#include "broker/rows.h"
#include "storage/access_keys.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/migrate.h"
#include "storage/sqlite/readers.h"
#include "workflow/state.h"

namespace slipway::tool {

namespace {

namespace fs = std::filesystem;
using storage::sqlite::SqliteConnection;
using Found = std::vector<workflow::BrokenInvariant>;

// Where, and what is wrong there, as in workflow/invariants.cc.
struct Query {
  const char* invariant;
  const char* sql;
};
constexpr Query kEnvironmentQueries[] = {
    {"ports",
     "SELECT 'port ' || p.port, 'it is kept for environment ' || p.environment_id || ', which ' || coalesce('is ' || "
     "e.status, 'does not exist') FROM port p LEFT JOIN environment e ON e.id = p.environment_id WHERE e.id IS NULL OR "
     "e.status = 'terminated'"},
    {"resources",
     "SELECT 'resource ' || r.kind || ' ' || r.locator, 'it is ' || r.state || ', and its environment ' || "
     "r.environment_id || ' ' || coalesce('is ' || e.status, 'does not exist') FROM resource r LEFT JOIN environment e "
     "ON e.id = r.environment_id WHERE e.id IS NULL OR (e.status = 'terminated' AND r.state <> 'gone')"},
    {"documents",
     "SELECT 'execution ' || x.id, 'its document ' || x.document_name || ' version ' || x.document_version || ' is "
     "gone' "
     "FROM execution x LEFT JOIN document d ON d.name = x.document_name AND d.version = x.document_version WHERE "
     "d.name "
     "IS NULL"},
};

base::Result<void> run(storage::Connection& connection, const Query& query, Found& found) {
  return connection.query(query.sql, {}, [&](const storage::Row& row) {
    found.push_back({query.invariant, std::string(row.text(0)), std::string(row.text(1))});
  });
}

base::Result<std::int64_t> number(storage::Connection& connection, const char* sql) {
  std::int64_t value = 0;
  TRY(connection.query(sql, {}, [&](const storage::Row& row) { value = row.integer(0); }));
  return value;
}

// SQLite's own look at every page, index and constraint.
base::Result<void> check_file(storage::Connection& connection, Found& found) {
  TRY(connection.query("PRAGMA integrity_check(100)", {}, [&](const storage::Row& row) {
    if (row.text(0) != "ok") found.push_back({"integrity", "the file", std::string(row.text(0))});
  }));
  if (!found.empty()) return {};
  return connection.query("PRAGMA foreign_key_check", {}, [&](const storage::Row& row) {
    found.push_back({"integrity", fmt::format("row {} of table {}", row.integer(1), row.text(0)),
                     fmt::format("it refers to a row of {} that is not there", row.text(2))});
  });
}

base::Result<void> check_schema(storage::Connection& connection, const fs::path& file, DatabaseCheck& check) {
  const auto known = static_cast<std::int64_t>(storage::migrations().size());
  check.schema = TRY(number(connection, "SELECT coalesce(max(version), 0) FROM schema_version"));
  if (check.schema > known) {
    return base::conflict(
        fmt::format("{} was written by a newer Slipway (schema {}, this program knows {}): verify it "
                    "with that version",
                    file.native(), check.schema, known));
  }
  const auto count = TRY(number(connection, "SELECT count(*) FROM schema_version"));
  if (count != check.schema || count == 0) {
    check.broken.push_back(
        {"schema", "table schema_version", fmt::format("it has {} rows for {} migrations", count, check.schema)});
  }
  return {};
}

// Of the access keys, those that the key file opens: a wrong or missing one is the broker's affair.
base::Result<void> add_access_keys(storage::Connection& connection, const auth::Seal& seal,
                                   workflow::Secrets& secrets) {
  for (const auto& key : TRY(storage::all_access_keys(connection))) {
    if (const auto secret = seal.open(key.sealed_secret, key.id)) secrets.push_back(secret->reveal());
  }
  return {};
}

// Of executions and environments, which are sealed with them. `found`: what does not open.
base::Result<void> add_sealed(storage::Connection& connection, const storage::Sealing& sealing,
                              workflow::Secrets& secrets, Found& found) {
  std::vector<base::ExecutionId> executions;
  std::vector<base::EnvironmentId> environments;
  TRY(connection.query("SELECT id FROM execution WHERE vals LIKE 'sealed:%'", {},
                       [&](const storage::Row& row) { executions.emplace_back(std::string(row.text(0))); }));
  TRY(connection.query("SELECT id FROM environment WHERE parameters LIKE 'sealed:%'", {},
                       [&](const storage::Row& row) { environments.emplace_back(std::string(row.text(0))); }));
  for (const auto& id : executions) {
    auto row = TRY(storage::find_execution(connection, id));
    const auto read = workflow::read_row(std::move(row.value()), sealing);
    if (read) workflow::add_secrets(read->state.secrets, secrets);
    if (!read) found.push_back({"sealing", "execution " + id.str(), read.error().message});
  }
  for (const auto& id : environments) {
    auto row = TRY(storage::find_environment(connection, id));
    const auto read = broker::from_row(std::move(row.value()), sealing);
    if (read) workflow::add_secrets(read->secrets, secrets);
    if (!read) found.push_back({"sealing", "environment " + id.str(), read.error().message});
  }
  return {};
}

// Without the key file nothing is known.
base::Result<workflow::Secrets> secrets_of(storage::Connection& connection, const fs::path& key_file, Found& found) {
  workflow::Secrets secrets;
  const auto seal = auth::Seal::load(key_file);
  if (!seal) return secrets;
  auth::ColumnSeal columns;
  columns.use(*seal);
  TRY(add_access_keys(connection, *seal, secrets));
  TRY(add_sealed(connection, columns, secrets, found));
  return secrets;
}

base::Result<void> check_rows(storage::Connection& connection, const fs::path& key_file, DatabaseCheck& check) {
  check.executions = TRY(number(connection, "SELECT count(*) FROM execution"));
  check.environments = TRY(number(connection, "SELECT count(*) FROM environment"));
  const auto secrets = TRY(secrets_of(connection, key_file, check.broken));
  auto all = TRY(workflow::broken_invariants(connection, secrets));
  for (auto& broken : all) {
    check.broken.push_back(std::move(broken));
  }
  for (const auto& query : kEnvironmentQueries) TRY(run(connection, query, check.broken));
  return {};
}

// The rows of a file of an older schema, as the next start of a broker will see them.
base::Result<void> check_migrated(const fs::path& file, const fs::path& key_file, const fs::path& scratch,
                                  DatabaseCheck& check) {
  const auto copy = scratch / "slipway.db";
  TRY(storage::sqlite::Readers(file).copy_to(copy));
  auto connection = TRY(SqliteConnection::open(copy, SqliteConnection::Mode::writer));
  if (auto migrated = storage::sqlite::migrate(*connection, copy, storage::migrations()); !migrated) {
    check.broken.push_back({"schema", "the file", "its migration fails: " + migrated.error().describe()});
    return {};
  }
  return check_rows(*connection, key_file, check);
}

}  // namespace

base::Result<DatabaseCheck> check_database(const fs::path& file, const fs::path& key_file, const fs::path& scratch) {
  DatabaseCheck check;
  bool older = false;
  auto checked = storage::sqlite::Readers(file).run([&](storage::Connection& connection) -> base::Result<void> {
    TRY(check_file(connection, check.broken));
    if (!check.broken.empty()) return {};
    TRY(check_schema(connection, file, check));
    older = check.schema < static_cast<std::int64_t>(storage::migrations().size());
    return older || !check.broken.empty() ? base::Result<void>() : check_rows(connection, key_file, check);
  });
  if (checked && older && check.broken.empty()) checked = check_migrated(file, key_file, scratch, check);
  if (!checked && checked.error().kind == base::ErrorKind::internal) {
    check.broken.push_back({"integrity", "the file", checked.error().message});
    return check;
  }
  TRY(std::move(checked));
  return check;
}

}  // namespace slipway::tool
