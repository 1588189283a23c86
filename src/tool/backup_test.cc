#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <sstream>

#include "cli/commands.h"
#include "storage/installation.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/readers.h"
#include "tool/archive.h"
#include "tool/commands.h"
#include "tool/test_support.h"

namespace slipway::tool {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Backup : public testing::Test {
 protected:
  Backup() {
    fs::create_directory(data_);
    folder_.write("data/sealing.key", "0123456789");
    folder_.write("data/credentials", "[default]\n");
    folder_.write("data/tls/server.key", "k");
    folder_.write("data/endpoint", "https://127.0.0.1:1\n");
  }

  // A broker's database, open as long as the object lives.
  std::unique_ptr<storage::Database> open() {
    auto database = storage::sqlite::open_database(runtime_, data_);
    EXPECT_TRUE(database) << database.error().message;
    return std::move(*database);
  }

  int run(std::vector<std::string> words) {
    out_.str("");
    err_.str("");
    cli::Context context{.out = out_,
                         .err = err_,
                         .variables = [](const std::string&) { return std::nullopt; },
                         .transport = {},
                         .pause = {}};
    return cli::run_words(words, "1", context, {add_commands});
  }

  static std::string installation(const fs::path& folder) {
    std::string id;
    auto read = storage::sqlite::Readers(folder / "slipway.db").run([&](storage::Connection& connection) {
      auto found = storage::installation_id(connection);
      if (found) id = *found;
      return base::Result<void>();
    });
    EXPECT_TRUE(read);
    return id;
  }

  static mode_t mode(const fs::path& path) {
    struct stat facts{};
    ::stat(path.c_str(), &facts);
    return facts.st_mode & 07777;
  }

  TemporaryFolder folder_;
  fs::path data_ = folder_.path() / "data";
  fs::path file_ = folder_.path() / "backup.tar";
  fs::path other_ = folder_.path() / "other";
  net::Runtime runtime_{1};
  std::ostringstream out_, err_;
};

TEST_F(Backup, OfARunningBrokerIsRestoredWithEverythingThatBelongsToIt) {
  auto database = open();
  ASSERT_EQ(run({"backup", file_, "--data-dir", data_}), 0) << err_.str();
  EXPECT_EQ(mode(file_), 0600u);
  EXPECT_THAT(err_.str(), HasSubstr("keep it as you would keep a password"));
  ASSERT_EQ(run({"restore", file_, "--data-dir", other_}), 0) << err_.str();
  EXPECT_EQ(installation(other_), installation(data_));
  EXPECT_FALSE(installation(other_).empty());
  EXPECT_EQ(mode(other_), 0700u);
  for (const char* name : {"slipway.db", "sealing.key", "credentials", "tls/server.key"}) {
    EXPECT_EQ(mode(other_ / name), 0600u) << name;
  }
  EXPECT_FALSE(fs::exists(other_ / "endpoint"));
  database->stop();
}

TEST_F(Backup, IsUsableByABrokerAfterTheRestore) {
  open()->stop();
  ASSERT_EQ(run({"backup", file_, "--data-dir", data_}), 0) << err_.str();
  ASSERT_EQ(run({"restore", file_, "--data-dir", other_}), 0) << err_.str();
  auto database = storage::sqlite::open_database(runtime_, other_);
  ASSERT_TRUE(database) << database.error().message;
  (*database)->stop();
}

TEST_F(Backup, LeavesNothingBesideItsFile) {
  open()->stop();
  ASSERT_EQ(run({"backup", file_, "--data-dir", data_}), 0) << err_.str();
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder_.path())) names.push_back(entry.path().filename());
  EXPECT_THAT(names, testing::UnorderedElementsAre("data", "backup.tar"));
}

TEST_F(Backup, NeverReplacesAFile) {
  open()->stop();
  folder_.write("backup.tar", "precious");
  EXPECT_EQ(run({"backup", file_, "--data-dir", data_}), 5);
  EXPECT_EQ(fs::file_size(file_), 8u);
}

TEST_F(Backup, WithoutADatabaseIsAnError) {
  EXPECT_EQ(run({"backup", file_, "--data-dir", data_}), 3);
  EXPECT_THAT(err_.str(), HasSubstr("--data-dir"));
}

TEST_F(Backup, IsNotRestoredOverData) {
  open()->stop();
  ASSERT_EQ(run({"backup", file_, "--data-dir", data_}), 0);
  EXPECT_EQ(run({"restore", file_, "--data-dir", data_}), 5);
  EXPECT_THAT(err_.str(), HasSubstr("a restore replaces nothing"));
}

TEST_F(Backup, ThatIsNoneOfOursLeavesTheFolderAsItWas) {
  folder_.write("backup.tar", "no archive");
  EXPECT_EQ(run({"restore", file_, "--data-dir", other_}), 1);
  folder_.write("some/slipway-backup.json", "{}");
  ASSERT_TRUE(pack(folder_.path() / "some", folder_.path() / "foreign.tar"));
  EXPECT_EQ(run({"restore", folder_.path() / "foreign.tar", "--data-dir", other_}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("is no whole backup made by `slipway backup`"));
  EXPECT_FALSE(fs::exists(other_));
}

}  // namespace
}  // namespace slipway::tool
