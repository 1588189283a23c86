#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "auth/column_seal.h"
#include "broker/rows.h"
#include "cli/commands.h"
#include "storage/environments.h"
#include "storage/ports.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/database.h"
#include "tool/commands.h"
#include "tool/test_support.h"

namespace slipway::tool {
namespace {

namespace fs = std::filesystem;
using storage::sqlite::SqliteConnection;
using testing::HasSubstr;

class Verify : public testing::Test {
 protected:
  Verify() {
    fs::create_directory(data_);
    database_ = open();
    storage::EnvironmentRow row;
    row.id = base::EnvironmentId("env-1");
    row.name = "one";
    row.status = "available";
    auto insert = [row](storage::Connection& connection) { return storage::insert_environment(connection, row); };
    EXPECT_TRUE(net::run_to_end(runtime_, [&] { return database_->write(insert); }));
  }

  std::unique_ptr<storage::Database> open(std::span<const storage::Migration> known = storage::migrations()) {
    auto database = storage::sqlite::open_database(runtime_, data_, known);
    EXPECT_TRUE(database) << database.error().message;
    return std::move(*database);
  }
  // With the broker gone, past every rule that it keeps to.
  void change(const std::string& sql) {
    database_.reset();
    auto connection = SqliteConnection::open(data_ / "slipway.db", SqliteConnection::Mode::writer);
    ASSERT_TRUE(connection);
    ASSERT_TRUE((*connection)->run_script("PRAGMA foreign_keys = OFF"));
    auto changed = (*connection)->run_script(sql);
    ASSERT_TRUE(changed) << changed.error().describe();
  }
  int verify(std::vector<std::string> more = {}) {
    out_.str("");
    err_.str("");
    cli::Context context{.out = out_,
                         .err = err_,
                         .variables = [](const std::string&) { return std::nullopt; },
                         .transport = {},
                         .pause = {}};
    std::vector<std::string> words = {"verify"};
    if (more.empty()) more = {data_.native()};
    words.insert(words.end(), more.begin(), more.end());
    return cli::run_words(words, "1", context, {add_commands});
  }

  TemporaryFolder folder_;
  fs::path data_ = folder_.path() / "data";
  net::Runtime runtime_{1};
  std::unique_ptr<storage::Database> database_;
  std::ostringstream out_, err_;
};

TEST_F(Verify, FindsADatabaseInOrderAlsoBesideItsBroker) {
  EXPECT_EQ(verify(), 0) << out_.str() << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("is in order: 0 executions of 1 environments"));
  database_.reset();
  EXPECT_EQ(verify({"--data-dir", data_.native()}), 0) << out_.str() << err_.str();
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(data_)) left.push_back(entry.path().filename());
  EXPECT_THAT(left, testing::UnorderedElementsAre("slipway.db", "slipway.db.lock"));
}

TEST_F(Verify, ReadsABackupAndADatabaseByItself) {
  const auto backup = (folder_.path() / "backup.tar").native(), copy = (folder_.path() / "copy.db").native();
  cli::Context context{.out = out_,
                       .err = err_,
                       .variables = [](const std::string&) { return std::nullopt; },
                       .transport = {},
                       .pause = {}};
  ASSERT_EQ(cli::run_words({"backup", backup, "--data-dir", data_.native()}, "1", context, {add_commands}), 0);
  EXPECT_EQ(verify({backup}), 0) << out_.str() << err_.str();
  ASSERT_TRUE(net::run_to_end(runtime_, [&] { return database_->backup(copy); }));
  EXPECT_EQ(verify({copy}), 0) << out_.str() << err_.str();
}

TEST_F(Verify, SaysWhereNoDatabaseIs) {
  EXPECT_EQ(verify({(folder_.path() / "nowhere").native()}), 3);
  EXPECT_EQ(verify({folder_.path().native()}), 3);
  folder_.write("text", std::string(5000, 'x'));
  EXPECT_EQ(verify({(folder_.path() / "text").native()}), 1);
  EXPECT_THAT(out_.str(), HasSubstr("integrity"));
}

TEST_F(Verify, FindsPortsAndResourcesOfWhatIsGone) {
  change(
      "INSERT INTO port VALUES (7000, 'env-1', 0), (7001, 'env-2', 0);"
      "INSERT INTO resource VALUES ('env-1', 'process', '/run/1', 'local', '', 'present', 0, NULL);");
  EXPECT_EQ(verify({data_.native(), "-o", "name"}), 1);
  EXPECT_EQ(out_.str(), "integrity\n");  // a port of an environment that never was
  change("DELETE FROM port WHERE port = 7001; UPDATE environment SET status = 'terminated';");
  EXPECT_EQ(verify({data_.native(), "-o", "name"}), 1);
  EXPECT_EQ(out_.str(), "ports\nresources\n");
}

TEST_F(Verify, FindsWhatTheEngineMustHaveKeptTo) {
  change("UPDATE environment SET status = 'pending'");
  EXPECT_EQ(verify(), 1);
  EXPECT_THAT(out_.str(), HasSubstr("I1"));
  EXPECT_THAT(out_.str(), HasSubstr("environment env-1: it is pending"));
}

TEST_F(Verify, LooksForSealedValuesEverywhereAndSaysWhatDoesNotOpen) {
  auth::ColumnSeal seal;
  seal.use(auth::Seal::load_or_create(data_ / "sealing.key").value());
  broker::Environment environment;
  environment.id = base::EnvironmentId("env-2");
  environment.name = "two";
  environment.status = broker::Status::available;
  environment.parameters = {{"Phrase", "open sesame"}};
  environment.secrets = {"open sesame"};
  const auto row = broker::to_row(environment, seal);
  EXPECT_EQ(row.parameters.find("sesame"), std::string::npos);
  auto insert = [row](storage::Connection& connection) { return storage::insert_environment(connection, row); };
  ASSERT_TRUE(net::run_to_end(runtime_, [&] { return database_->write(insert); }));
  EXPECT_EQ(verify(), 0) << out_.str() << err_.str();

  change("INSERT INTO event (jid, environment_id, kind, at, data) VALUES (1, 'env-1', 'status', 0, 'say open sesame')");
  EXPECT_EQ(verify(), 1);
  EXPECT_THAT(out_.str(), HasSubstr("I12        event 1: its data shows"));
  change("DELETE FROM event; UPDATE environment SET parameters = replace(parameters, '0', '1') WHERE id = 'env-2'");
  EXPECT_EQ(verify({data_.native(), "-o", "name"}), 1);
  EXPECT_EQ(out_.str(), "sealing\n");
  fs::remove(data_ / "sealing.key");
  EXPECT_EQ(verify(), 0) << "without the key nothing is known";
}

TEST_F(Verify, FindsARowWithoutTheOneItRefersTo) {
  change("INSERT INTO type (name, current, updated_at) VALUES ('lost', 1, 0)");
  EXPECT_EQ(verify(), 1);
  EXPECT_THAT(out_.str(), HasSubstr("of table type"));
}

TEST_F(Verify, FindsADamagedPage) {
  change(
      "CREATE TABLE ballast (x TEXT); INSERT INTO ballast VALUES (hex(randomblob(60000)));"
      "CREATE INDEX ballast_x ON ballast (substr(x, 1, 900));");
  const auto file = data_ / "slipway.db";
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  const std::string rubbish(4096 * 4, '\x5a');
  bytes.seekp(static_cast<std::streamoff>(fs::file_size(file) - rubbish.size()));
  bytes << rubbish;
  bytes.close();
  EXPECT_EQ(verify({data_.native(), "-o", "name"}), 1);
  EXPECT_EQ(out_.str(), "integrity\n");
}

TEST_F(Verify, FindsAGapAmongTheMigrations) {
  change("DELETE FROM schema_version WHERE version = 1");
  EXPECT_EQ(verify({data_.native(), "-o", "name"}), 1);
  EXPECT_EQ(out_.str(), "schema\n");
}

TEST_F(Verify, RefusesANewerSchema) {
  change("INSERT INTO schema_version VALUES (99, 'future', 0)");
  EXPECT_EQ(verify(), 5);
  EXPECT_THAT(err_.str(), HasSubstr("newer Slipway"));
}

TEST_F(Verify, ChecksAnOlderFileAsItWillBeAndLeavesItAsItIs) {
  database_.reset();
  fs::remove(data_ / "slipway.db");
  open(storage::migrations().first(1))->stop();
  EXPECT_EQ(verify(), 0) << out_.str() << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("schema 1"));
  change(
      "INSERT INTO environment SELECT 'env-9', 'nine', 't', 'local', '', 'pending', 0, 0, '', '', '{}', '{}', '', "
      "'{}', 'running', 0, 0, 0, '', 1");
  EXPECT_EQ(verify({data_.native(), "-o", "name"}), 1);
  EXPECT_EQ(out_.str(), "I1\n");
}

}  // namespace
}  // namespace slipway::tool
