// What is SQLite's own: the folder, migrations, full and failing disks.

#include "storage/sqlite/database.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <optional>

#include "storage/sqlite/connection.h"
#include "storage/sqlite/folder.h"
#include "storage/store_fixture.h"

namespace slipway::storage::sqlite {
namespace {

using base::ErrorKind;
using base::Result;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Sqlite : testing::Test {
  Result<std::unique_ptr<Database>> open(std::span<const Migration> known = migrations()) {
    return open_database(runtime, folder.path(), known);
  }
  Result<void> write(Database& database, Transaction work) {
    return run_to_end(runtime, [&] { return database.write(std::move(work)); });
  }
  std::filesystem::path file(std::string_view name = "slipway.db") { return folder.path() / name; }

  // The known migrations and one more, which adds a table.
  std::vector<Migration> with_next(std::string_view sql = "CREATE TABLE added (x INTEGER);") {
    std::vector<Migration> all(migrations().begin(), migrations().end());
    all.push_back({static_cast<int>(all.size()) + 1, "next", sql});
    return all;
  }
  std::string copy_name() { return "slipway.db.before-" + std::to_string(migrations().size() + 1); }

  TemporaryFolder folder;
  net::Runtime runtime;
};

bool has_table(Database& database, std::string_view name) {
  bool found = false;
  database.reader()
      .query("SELECT 1 FROM sqlite_master WHERE name = ?", {name}, [&](const Row&) { found = true; })
      .value();
  return found;
}

TEST_F(Sqlite, a_second_broker_on_the_same_folder_is_refused_and_told_which_one_is_there) {
  auto first = open();
  ASSERT_TRUE(first);
  auto second = open();
  ASSERT_EQ(kind(second), ErrorKind::conflict);
  EXPECT_THAT(second.error().message, HasSubstr("pid " + std::to_string(getpid())));
  std::filesystem::remove(file("slipway.db.lock"));
  EXPECT_EQ(kind(open()), ErrorKind::conflict) << "whoever removes what looks stale starts no second one";
  (*first)->stop();
  EXPECT_TRUE(open());
}

TEST_F(Sqlite, the_folder_of_a_killed_broker_can_be_used_at_once) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto lock = FolderLock::take(file());
    if (lock && ::write(ends[1], "x", 1) == 1) pause();
    _exit(1);
  }
  char byte;
  ASSERT_EQ(::read(ends[0], &byte, 1), 1);
  auto refused = open();
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(open());
  ASSERT_EQ(kind(refused), ErrorKind::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("pid " + std::to_string(child)));
  close(ends[0]);
  close(ends[1]);
}

TEST_F(Sqlite, nothing_in_the_folder_can_be_read_by_other_accounts) {
  const auto mask = umask(0);
  auto database = open();
  ASSERT_TRUE(database);
  ASSERT_TRUE(write(**database, note("one")));
  const auto copy = file("copy.db").string();
  ASSERT_TRUE(run_to_end(runtime, [&] { return (*database)->backup(copy); }));
  umask(mask);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    struct stat facts;
    ASSERT_EQ(stat(entry.path().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0077, 0u) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 5);  // database, WAL, its index, lock, copy
}

TEST_F(Sqlite, a_missing_or_unwritable_folder_is_named_with_what_to_do) {
  auto missing = open_database(runtime, folder.path() / "missing");
  ASSERT_EQ(kind(missing), ErrorKind::unavailable);
  EXPECT_THAT(missing.error().message, HasSubstr((folder.path() / "missing").string()));

  if (geteuid() == 0) GTEST_SKIP() << "root writes everywhere";
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0500));
  auto unwritable = open();
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0700));
  ASSERT_EQ(kind(unwritable), ErrorKind::unavailable);
  EXPECT_THAT(unwritable.error().message, HasSubstr("not writable"));
}

TEST_F(Sqlite, a_file_that_is_no_database_is_refused_and_left_as_it_is) {
  std::ofstream(file()) << std::string(5000, 'x');
  auto refused = open();
  ASSERT_EQ(kind(refused), ErrorKind::internal);
  EXPECT_THAT(refused.error().message, HasSubstr("restore a backup"));
  EXPECT_EQ(std::filesystem::file_size(file()), 5000u);
}

TEST_F(Sqlite, network_file_systems_are_known_by_name_and_local_ones_pass) {
  EXPECT_EQ(network_file_system(0x6969), "NFS");
  EXPECT_EQ(network_file_system(static_cast<int>(0xff534d42)), "SMB");
  EXPECT_EQ(network_file_system(0xef53), "");
  EXPECT_TRUE(refuse_network_file_system(folder.path()));
}

TEST_F(Sqlite, an_older_data_file_is_brought_up_to_date_and_a_copy_of_it_is_kept) {
  ASSERT_TRUE(write(**open(migrations().first(1)), note("old")));
  ASSERT_THAT(notes((*open())->reader()), ElementsAre("old"));

  const auto next = with_next();
  auto database = open(next);
  ASSERT_TRUE(database) << database.error().describe();
  EXPECT_TRUE(has_table(**database, "added"));
  EXPECT_THAT(notes((*database)->reader()), ElementsAre("old"));

  ASSERT_TRUE(write(**database, note("new")));
  (*database)->stop();
  std::filesystem::rename(file(copy_name()), file());
  auto older = open();
  ASSERT_TRUE(older);
  EXPECT_THAT(notes((*older)->reader()), ElementsAre("old"));
  EXPECT_FALSE(has_table(**older, "added"));
}

TEST_F(Sqlite, a_new_data_file_and_one_that_is_up_to_date_keep_no_copy) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(open());
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    names.push_back(entry.path().filename());
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("slipway.db", "slipway.db.lock"));
}

TEST_F(Sqlite, a_migration_that_fails_changes_nothing_and_the_next_start_goes_on_from_there) {
  ASSERT_TRUE(open());
  auto more = with_next();
  more.push_back(
      {static_cast<int>(more.size()) + 1, "broken", "CREATE TABLE half (x INTEGER); INSERT INTO nowhere VALUES (1);"});
  auto failed = open(more);
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().describe(), HasSubstr("(broken)"));

  more.back().sql = "CREATE TABLE whole (x INTEGER);";
  auto database = open(more);
  ASSERT_TRUE(database);
  EXPECT_TRUE(has_table(**database, "added"));
  EXPECT_TRUE(has_table(**database, "whole"));
  EXPECT_FALSE(has_table(**database, "half"));
}

TEST_F(Sqlite, an_older_program_refuses_a_newer_data_file_and_leaves_it_as_it_is) {
  ASSERT_TRUE(open());
  const auto next = with_next();
  ASSERT_TRUE(open(next));
  auto older = open();
  ASSERT_EQ(kind(older), ErrorKind::conflict);
  EXPECT_THAT(older.error().message, HasSubstr("newer Slipway"));
  EXPECT_THAT(older.error().message, HasSubstr(copy_name()));
  EXPECT_TRUE(open(next));
}

// A limit on the size of files stands for a full disk: the kernel refuses to let the WAL grow.
TEST_F(Sqlite, a_full_disk_fails_the_writes_that_do_not_fit_in_one_clear_sentence_and_nothing_else) {
  auto database = std::move(*open());
  signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{512 * 1024, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  std::vector<std::string> stored;
  Result<void> result;
  for (int i = 0; i < 100 && result; ++i) {
    const auto what = std::to_string(i) + std::string(10'000, 'x');
    result = write(*database, note(what));
    if (result) stored.push_back(what);
  }
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);

  ASSERT_EQ(kind(result), ErrorKind::unavailable);
  EXPECT_EQ(result.error().code, "DiskFull");
  EXPECT_THAT(result.error().message, HasSubstr(folder.path().string()));
  EXPECT_FALSE(stored.empty());
  EXPECT_EQ(notes(database->reader()), stored);
  ASSERT_FALSE(database->check());
  EXPECT_EQ(database->check().error().code, "DiskFull");
  EXPECT_THAT(database->check().error().message, Not(HasSubstr(folder.path().string())));

  // What is refused for another reason says nothing about the disk.
  EXPECT_FALSE(write(*database, [](Connection&) -> Result<void> { return base::conflict("not this one"); }));
  EXPECT_FALSE(database->check());
  ASSERT_TRUE(write(*database, note("there is room again")));
  EXPECT_TRUE(database->check());
  database.reset();
  stored.push_back("there is room again");
  EXPECT_EQ(notes((*open())->reader()), stored);
}

TEST_F(Sqlite, a_file_that_is_removed_or_replaced_takes_no_write_until_it_is_back) {
  auto database = std::move(*open());
  ASSERT_TRUE(write(*database, note("before")));
  EXPECT_TRUE(database->check());
  const auto refusal = [&] {
    EXPECT_EQ(kind(database->check()), ErrorKind::unavailable);
    const auto refused = write(*database, note("for nobody"));
    return refused ? "none" : refused.error().code;
  };
  std::filesystem::rename(file(), file("away"));
  EXPECT_EQ(refusal(), "DatabaseGone");
  std::ofstream(file()) << "another one";
  EXPECT_EQ(refusal(), "DatabaseGone");

  std::filesystem::rename(file("away"), file());
  EXPECT_TRUE(database->check());
  ASSERT_TRUE(write(*database, note("after")));
  database.reset();
  EXPECT_THAT(notes((*open())->reader()), ElementsAre("before", "after"));
}

// What is moved as three files has to come back as three: what is only in the log would be lost with the process.
TEST_F(Sqlite, a_log_that_is_away_takes_no_write_until_it_is_back) {
  auto database = std::move(*open());
  ASSERT_TRUE(write(*database, note("before")));
  const auto refusal = [&] {
    EXPECT_EQ(kind(database->check()), ErrorKind::unavailable);
    const auto refused = write(*database, note("for nobody"));
    return refused ? "none" : refused.error().describe();
  };
  for (const auto* name : {"slipway.db", "slipway.db-wal"})
    std::filesystem::rename(file(name), file("away").concat(name));
  std::filesystem::rename(file("awayslipway.db"), file());
  EXPECT_THAT(refusal(), HasSubstr(file("slipway.db-wal").string()));
  std::ofstream(file("slipway.db-wal")) << "another one";
  EXPECT_THAT(refusal(), HasSubstr("slipway.db-wal"));
  std::filesystem::rename(file("awayslipway.db-wal"), file("slipway.db-wal"));
  ASSERT_TRUE(write(*database, note("after")));
  database.reset();
  EXPECT_THAT(notes((*open())->reader()), ElementsAre("before", "after"));
}

TEST_F(Sqlite, a_scan_reads_the_database_that_is_written_and_no_other_at_its_path) {
  TemporaryFolder other;
  (void)open_database(runtime, other.path()).value();
  auto database = std::move(*open());
  ASSERT_TRUE(write(*database, note("before")));
  const auto scan = [&] {
    std::vector<std::string> found;
    const auto done = run_to_end(runtime, [&] {
      return database->read([&](Connection& connection) -> Result<void> {
        found = notes(connection);
        return {};
      });
    });
    if (!done) found = {done.error().code};
    return found;
  };
  std::filesystem::rename(file(), file("away"));
  std::filesystem::rename(other.path() / "slipway.db", file());
  EXPECT_THAT(scan(), ElementsAre("DatabaseGone"));
  std::filesystem::rename(file("away"), file());
  EXPECT_THAT(scan(), ElementsAre("before"));
}

TEST_F(Sqlite, the_log_of_many_writes_does_not_grow_without_bound) {
  auto database = std::move(*open());
  for (int i = 0; i < 400; ++i) ASSERT_TRUE(write(*database, note(std::string(40'000, 'x'))));
  EXPECT_LT(std::filesystem::file_size(file("slipway.db-wal")), 6'000'000u);
  EXPECT_GT(std::filesystem::file_size(file()), 10'000'000u);
}

// SQLite's own functions for files, but the log's sync can be made to fail.
bool sync_fails = false;
sqlite3_io_methods broken_methods;
const sqlite3_io_methods* real_methods = nullptr;
int (*real_open)(sqlite3_vfs*, const char*, sqlite3_file*, int, int*) = nullptr;

int open_with_broken_methods(sqlite3_vfs* vfs, const char* name, sqlite3_file* opened, int flags, int* out_flags) {
  const int code = real_open(vfs, name, opened, flags, out_flags);
  if (code != SQLITE_OK || (flags & SQLITE_OPEN_WAL) == 0) return code;
  real_methods = opened->pMethods;
  broken_methods = *real_methods;
  broken_methods.xSync = [](sqlite3_file* file, int how) {
    return sync_fails ? SQLITE_IOERR_FSYNC : real_methods->xSync(file, how);
  };
  opened->pMethods = &broken_methods;
  return SQLITE_OK;
}

void break_syncs() {
  static sqlite3_vfs broken = *sqlite3_vfs_find(nullptr);
  real_open = broken.xOpen;
  broken.zName = "broken";
  broken.xOpen = open_with_broken_methods;
  sqlite3_vfs_register(&broken, 1);
}

TEST(SqliteDeathTest, a_failed_sync_ends_the_process_and_is_never_tried_again) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  // The child, which runs this test again, ends without clearing up: it is told to use the parent's folder.
  constexpr const char* kFolder = "SLIPWAY_TEST_SYNC_FOLDER";
  std::optional<TemporaryFolder> own;
  if (!std::getenv(kFolder)) setenv(kFolder, own.emplace().path().c_str(), 1);
  auto commit = [] {
    break_syncs();
    net::Runtime runtime;
    auto database = std::move(*open_database(runtime, std::getenv(kFolder)));
    run_to_end(runtime, [&] { return database->write(note("synced")); }).value();
    sync_fails = true;
    (void)run_to_end(runtime, [&] { return database->write(note("lost")); });
  };
  EXPECT_EXIT(commit(), testing::ExitedWithCode(74), "the disk failed while committing");
  unsetenv(kFolder);
}

TEST(SqliteErrors, say_what_to_do) {
  const std::filesystem::path file = "/data/slipway.db";
  EXPECT_THAT(error_of(SQLITE_FULL, 0, "", file).message, HasSubstr("Free some space"));
  EXPECT_THAT(error_of(SQLITE_IOERR_WRITE, ENOSPC, "", file).code, "DiskFull");
  EXPECT_THAT(error_of(SQLITE_IOERR_SHMSIZE, 0, "", file).code, "DiskFull");
  EXPECT_THAT(error_of(SQLITE_IOERR_WRITE, EIO, "", file).code, "DiskFailure");
  EXPECT_THAT(error_of(SQLITE_BUSY, 0, "", file).message, HasSubstr("another program"));
  EXPECT_EQ(error_of(SQLITE_CONSTRAINT_NOTNULL, 0, "", file).kind, ErrorKind::internal);
}

}  // namespace
}  // namespace slipway::storage::sqlite
