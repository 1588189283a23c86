// SQLite on a disk that misbehaves: a layer under it fails, shortens or loses what is written, in a process that then
// ends; a new start must find every acknowledged write, and a whole database.

#include <fmt/format.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <latch>

#include "storage/sqlite/connection.h"
#include "storage/sqlite/database.h"
#include "storage/store_fixture.h"

namespace slipway::storage::sqlite {
namespace {

using base::ErrorKind;
using base::Result;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

enum class Fault {
  none,
  sync_of_log,         // the write-ahead log cannot be synced
  sync_of_file,        // the database file cannot, during a checkpoint
  short_write_of_log,  // half of a write arrives, then the disk fails
  full_log,            // no room for the log
  full_file,           // no room for the database file, during a checkpoint
};
Fault fault = Fault::none;  // of this process

// SQLite's own functions for the database file and for the log, and what stands in their place.
struct Layer {
  const sqlite3_io_methods* real = nullptr;
  sqlite3_io_methods faulty{};
};
Layer of_file, of_log;
int (*real_open)(sqlite3_vfs*, const char*, sqlite3_file*, int, int*) = nullptr;

bool is_log(const sqlite3_file* file) {
  return file->pMethods == &of_log.faulty;
}
const sqlite3_io_methods& real(const sqlite3_file* file) {
  return is_log(file) ? *of_log.real : *of_file.real;
}

int write_faulty(sqlite3_file* file, const void* bytes, int amount, sqlite3_int64 offset) {
  if (is_log(file) && fault == Fault::short_write_of_log) {
    real(file).xWrite(file, bytes, amount / 2, offset);
    return SQLITE_IOERR_WRITE;
  }
  if (fault == (is_log(file) ? Fault::full_log : Fault::full_file)) return SQLITE_FULL;
  return real(file).xWrite(file, bytes, amount, offset);
}
int sync_faulty(sqlite3_file* file, int how) {
  if (fault == (is_log(file) ? Fault::sync_of_log : Fault::sync_of_file)) return SQLITE_IOERR_FSYNC;
  return real(file).xSync(file, how);
}

int open_faulty(sqlite3_vfs* vfs, const char* name, sqlite3_file* opened, int flags, int* out_flags) {
  const int code = real_open(vfs, name, opened, flags, out_flags);
  if (code != SQLITE_OK || (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_DB)) == 0) return code;
  auto& layer = (flags & SQLITE_OPEN_WAL) != 0 ? of_log : of_file;
  if (!layer.real) {
    layer.real = opened->pMethods;
    layer.faulty = *layer.real;
    layer.faulty.xWrite = write_faulty;
    layer.faulty.xSync = sync_faulty;
  }
  opened->pMethods = &layer.faulty;
  return code;
}

void put_layer_under_sqlite() {
  static sqlite3_vfs layer = *sqlite3_vfs_find(nullptr);
  real_open = layer.xOpen;
  layer.zName = "faulty";
  layer.xOpen = open_faulty;
  sqlite3_vfs_register(&layer, 1);
}

struct Case {
  const char* name;
  Fault fault;
  int exit_code;  // 0: the process goes on
};
void PrintTo(const Case& tested, std::ostream* out) {
  *out << tested.name;
}

class FaultyDisk : public testing::TestWithParam<Case> {
 protected:
  // In a process of its own: writes until the fault has shown itself, and says which writes were acknowledged.
  [[noreturn]] void write_on_faulty_disk(int acknowledged) {
    put_layer_under_sqlite();
    net::Runtime runtime;
    auto database = open_database(runtime, folder.path()).value();
    auto write = [&](const std::string& what) {
      const bool stored = run_to_end(runtime, [&] { return database->write(note(what)); }).has_value();
      if (stored && ::write(acknowledged, (what.substr(0, 8) + "\n").data(), 9) != 9) _exit(9);
      return stored;
    };
    for (int i = 0; i < 20; ++i) write(fmt::format("before{:02}", i));
    fault = GetParam().fault;
    // Large enough that a checkpoint (1,000 pages) falls into it.
    for (int i = 0; i < 120; ++i) write(fmt::format("during{:02}{}", i % 100, std::string(40'000, 'x')));
    fault = Fault::none;
    const bool again = write("afterall");
    _exit(again ? 0 : 1);
  }

  TemporaryFolder folder;
};

TEST_P(FaultyDisk, loses_nothing_that_was_acknowledged) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) write_on_faulty_disk(ends[1]);
  close(ends[1]);
  std::vector<std::string> acknowledged(1);
  char byte;
  while (::read(ends[0], &byte, 1) == 1) {
    if (byte == '\n') {
      acknowledged.emplace_back();
    } else {
      acknowledged.back() += byte;
    }
  }
  acknowledged.pop_back();
  close(ends[0]);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), GetParam().exit_code);

  net::Runtime runtime;
  auto database = open_database(runtime, folder.path());
  ASSERT_TRUE(database) << database.error().describe();
  auto& reader = (*database)->reader();
  std::string integrity;
  ASSERT_TRUE(reader.query("PRAGMA integrity_check", {}, [&](const Row& row) { integrity = row.text(0); }));
  EXPECT_EQ(integrity, "ok");
  std::vector<std::string> stored;
  for (const auto& what : notes(reader)) stored.push_back(what.substr(0, 8));
  EXPECT_THAT(acknowledged, SizeIs(testing::Ge(20u)));
  // One more may be there: written, and not acknowledged when the process ended.
  ASSERT_GE(stored.size(), acknowledged.size());
  ASSERT_LE(stored.size(), acknowledged.size() + 1);
  EXPECT_TRUE(std::equal(acknowledged.begin(), acknowledged.end(), stored.begin()));
}

INSTANTIATE_TEST_SUITE_P(Faults, FaultyDisk,
                         testing::Values(Case{"none", Fault::none, 0}, Case{"sync_of_log", Fault::sync_of_log, 74},
                                         Case{"sync_of_file", Fault::sync_of_file, 74},
                                         Case{"short_write_of_log", Fault::short_write_of_log, 74},
                                         Case{"full_log", Fault::full_log, 0},
                                         Case{"full_at_checkpoint", Fault::full_file, 0}),
                         [](const auto& test) { return std::string(test.param.name); });

// --- what needs no faulty disk

struct Damaged : testing::Test {
  std::filesystem::path file(std::string_view name = "slipway.db") { return folder.path() / name; }
  std::unique_ptr<Database> open() { return open_database(runtime, folder.path()).value(); }
  Result<void> write(Database& database, std::string what) {
    return run_to_end(runtime, [&] { return database.write(note(std::move(what))); });
  }

  TemporaryFolder folder;
  net::Runtime runtime;
};

// Power is lost: what follows the last sync is torn. The log's checksums end it at the last whole commit.
TEST_F(Damaged, a_torn_end_of_the_log_loses_that_commit_alone) {
  TemporaryFolder other;
  {
    auto database = open();
    ASSERT_TRUE(write(*database, "kept"));
    const auto whole = std::filesystem::file_size(file("slipway.db-wal"));
    ASSERT_TRUE(write(*database, "torn"));
    for (const auto* name : {"slipway.db", "slipway.db-wal"}) {
      std::filesystem::copy_file(file(name), other.path() / name);
    }
    ASSERT_GT(std::filesystem::file_size(other.path() / "slipway.db-wal"), whole);
    std::filesystem::resize_file(other.path() / "slipway.db-wal", whole + 2000);
  }
  auto database = open_database(runtime, other.path()).value();
  EXPECT_THAT(notes(database->reader()), testing::ElementsAre("kept"));
  EXPECT_TRUE(write(*database, "next"));
}

TEST_F(Damaged, a_page_that_is_corrupt_is_an_error_that_points_to_the_backup_and_no_answer) {
  {
    auto database = open();
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(write(*database, std::to_string(i) + std::string(2000, 'x')));
  }
  std::fstream bytes(file(), std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(static_cast<std::streamoff>(std::filesystem::file_size(file()) - 40 * 4096));
  bytes << std::string(30 * 4096, '\x5a');
  bytes.close();
  auto database = open();
  auto read = database->reader().query("SELECT what FROM audit", {}, [](const Row&) {});
  ASSERT_EQ(kind(read), ErrorKind::internal);
  EXPECT_THAT(read.error().message, HasSubstr("restore a backup"));
}

// The log grows while a reader holds its end back, and shrinks when it lets go; writes go on meanwhile.
TEST_F(Damaged, a_long_reader_holds_back_the_checkpoint_and_no_write) {
  auto database = open();
  ASSERT_TRUE(write(*database, "first"));
  std::latch reading(1), enough(1);
  std::size_t seen = 0;
  std::uintmax_t held = 0;
  run_to_end(runtime, [&]() -> boost::asio::awaitable<void> {
    net::TaskGroup group(runtime);
    group.spawn("reader", [&]() -> boost::asio::awaitable<void> {
      EXPECT_TRUE(co_await database->read([&](Connection& connection) -> Result<void> {
        EXPECT_THAT(notes(connection), SizeIs(1));
        reading.count_down();
        enough.wait();
        seen = notes(connection).size();
        return {};
      }));
    });
    (void)co_await net::run_blocking<void>(runtime, [&]() -> Result<void> {
      reading.wait();
      return {};
    });
    for (int i = 0; i < 300; ++i) EXPECT_TRUE(co_await database->write(note(std::string(40'000, 'x'))));
    held = std::filesystem::file_size(file("slipway.db-wal"));
    enough.count_down();
    co_await group.join();
  });
  EXPECT_EQ(seen, 1u) << "it sees the state it began with";
  EXPECT_GT(held, 10'000'000u);
  // Now every thousandth page empties the log again: it is written from its beginning and grows no more.
  for (int i = 0; i < 400; ++i) ASSERT_TRUE(write(*database, std::string(40'000, 'x')));
  EXPECT_LT(std::filesystem::file_size(file("slipway.db-wal")), held + 6'000'000u);
}

// Somebody's sqlite3 shell holds the write lock longer than SQLite waits: the group fails in one sentence, and the next
// one goes through.
TEST_F(Damaged, a_shell_that_holds_the_lock_fails_the_writes_meanwhile_and_none_later) {
  auto database = open();
  sqlite3* shell = nullptr;
  ASSERT_EQ(sqlite3_open(file().c_str(), &shell), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(shell, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto refused = write(*database, "refused");
  ASSERT_EQ(kind(refused), ErrorKind::unavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("another program holds"));
  EXPECT_THAT(notes(database->reader()), IsEmpty());
  ASSERT_EQ(sqlite3_exec(shell, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_TRUE(write(*database, "stored"));
  sqlite3_close(shell);
}

}  // namespace
}  // namespace slipway::storage::sqlite
